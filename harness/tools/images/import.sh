# What the scripts beside it share: an image is a folder with static binaries, imported as one layer, which
# needs no builder, no base image and no network.

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

release() {
    [ $# = 1 ] || fail "expected VERSION, such as: $(basename "$0") 3.5.5"
    echo "${1#v}"
}

# A folder to lay the image's files out in, gone when the script ends.
folder=$(mktemp -d "${TMPDIR:-/tmp}/deadwatch-image.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$folder/usr/local/bin"

# Puts a real etcd of that release into the folder, built if need be.
add_etcd() {
    [ "$(uname -s)" = Linux ] || fail "expected Linux: the etcd in an image is the one built for this system"
    "$here/../etcd/build" "$1"
    cp "$here/../../../target/etcd/$1/etcd" "$folder/usr/local/bin/etcd"
}

# import REFERENCE CHANGE...: makes an image of the folder, unless it is there with this very content.
import() {
    reference=$1
    shift
    command -v docker >/dev/null || fail "expected docker in PATH"
    docker version >/dev/null 2>&1 || fail "expected a Docker daemon that answers; start one, see harness/tools/dockerd"
    content=$( (cd "$folder" && find . -type f | sort | xargs sha256sum; echo "$@") | sha256sum | cut -d' ' -f1)
    there=$(docker image inspect --format '{{ index .Config.Labels "deadwatch.content" }}' "$reference" 2>/dev/null) || there=
    if [ "$there" = "$content" ]; then
        echo "$reference is there already"
        return
    fi
    set -- "$@" "LABEL deadwatch.content=$content" 'EXPOSE 2379/tcp 2380/tcp'
    for change in "$@"; do
        set -- "$@" --change "$change"
        shift
    done
    tar -C "$folder" --owner=0 --group=0 -c . | docker import "$@" - "$reference" >/dev/null
    echo "made $reference"
}
