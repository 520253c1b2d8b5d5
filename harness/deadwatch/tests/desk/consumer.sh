# A subject in sh that speaks the line protocol and behaves as its first argument says:
#   waits        every dequeue waits for ever
#   unsupported  it offers no dequeue
#   garbage      it answers a dequeue with a line that is no JSON
#   dies         it exits 3 at a dequeue of the timeline, and says why on stderr
#   family       as waits, with a child of its own
#   orphans      as dies, with a child of its own that it leaves behind
#   escapes      as family, and its child has a child in a session of its own, which the system gives to another parent
#   flees        as escapes, but it dies
# It takes the item of the pre-flight without asking any etcd, and leaves the file `called` beside itself when a
# consumer of the timeline has called.

behaviour=$1
here=${0%/*}

case $behaviour in
    family | orphans)
        printf '%s\n' 'while :; do sleep 1; done' >"$here/child.sh"
        /bin/sh "$here/child.sh" &
        ;;
    escapes | flees)
        printf '%s\n' 'while :; do sleep 1; done' >"$here/child.sh"
        /bin/sh "$here/child.sh" &
        (setsid /bin/sh "$here/child.sh" </dev/null >/dev/null 2>&1 &)
        ;;
esac

while read -r line; do
    client=${line#*\"client\":\"}
    client=${client%%\"*}
    id=${line#*\"id\":}
    id=${id%%[!0-9]*}
    case $line in
        *'"op":"open"'*) echo "{\"op\":\"open\",\"client\":\"$client\"}" ;;
        *'"op":"close"'*) echo "{\"op\":\"close\",\"client\":\"$client\"}" ;;
        *'"op":"cancel"'*) echo "{\"id\":$id,\"cancelled\":true}" ;;
        *'"op":"call"'*)
            case $behaviour in
                unsupported)
                    echo "{\"id\":$id,\"unsupported\":true}"
                    continue
                    ;;
                garbage)
                    echo 'Segmentation fault, perhaps'
                    continue
                    ;;
            esac
            case $line in
                *'"consumer":"preflight"'*)
                    echo "{\"id\":$id,\"item\":\"preflight\"}"
                    continue
                    ;;
            esac
            : >"$here/called"
            case $behaviour in
                dies | orphans | flees)
                    echo 'the consumer gives up: no event' >&2
                    exit 3
                    ;;
            esac
            ;;
    esac
done
