// The entrypoint of an image that boots as bitnami/etcd:3.5.5 did: before the real etcd it runs two temporary
// ones on the published port. In the first, authentication is switched on; the second has it on already (there
// it reads the member's id). Each goes on for longer than a second in that state, so that a login proves nothing.
// On data that are there already it starts the real one at once.
//
// It has one argument. "exec": the real etcd takes this program's place, as in Bitnami's image. "stay": this
// program stays the main process and passes signals on, as an init process does.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const (
	etcd      = "/usr/local/bin/etcd"
	data      = "default.etcd" // what etcd makes where nobody names another folder
	server    = "http://127.0.0.1:2379"
	startup   = 60 * time.Second
	openFor   = time.Second     // how long the first server runs before authentication is switched on
	firstFor  = 2 * time.Second // how long it runs on afterwards
	secondFor = 2 * time.Second
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "reboots:", err)
		os.Exit(1)
	}
}

func run() error {
	password := os.Getenv("ETCD_ROOT_PASSWORD")
	if password == "" && os.Getenv("ALLOW_NONE_AUTHENTICATION") != "yes" {
		return errors.New("expected ETCD_ROOT_PASSWORD, or ALLOW_NONE_AUTHENTICATION=yes")
	}
	if len(os.Args) != 2 || (os.Args[1] != "exec" && os.Args[1] != "stay") {
		return fmt.Errorf("expected the argument exec or stay, found %q", os.Args[1:])
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	fmt.Println("** Starting etcd setup **")
	first := func() error {
		time.Sleep(openFor)
		if password != "" {
			fmt.Println("Enabling etcd authentication")
			if err := enableAuthentication(password); err != nil {
				return err
			}
		}
		time.Sleep(firstFor)
		return nil
	}
	second := func() error {
		time.Sleep(secondFor)
		return nil
	}
	setup := []func() error{first, second}
	if _, err := os.Stat(data); err == nil {
		// A container that is started again.
		fmt.Println("Detected data from previous deployments")
		setup = nil
	}
	for _, during := range setup {
		if err := temporary(during, signals); err != nil {
			return err
		}
	}
	fmt.Println("** etcd setup finished! **")

	fmt.Println("** Starting etcd **")
	if os.Args[1] == "exec" {
		signal.Reset()
		return syscall.Exec(etcd, []string{etcd}, os.Environ())
	}
	child, ended, err := start()
	if err != nil {
		return err
	}
	for {
		select {
		case received := <-signals:
			_ = child.Process.Signal(received)
		case err := <-ended:
			return err
		}
	}
}

// temporary runs an etcd for as long as something is done with it.
func temporary(during func() error, signals <-chan os.Signal) error {
	fmt.Println("Starting etcd in background")
	child, ended, err := start()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		if err := awaitHealth(); err != nil {
			done <- err
			return
		}
		done <- during()
	}()
	select {
	case err = <-done:
	case err = <-ended:
		return fmt.Errorf("a temporary etcd has ended: %v", err)
	case received := <-signals:
		err = fmt.Errorf("stopped by a signal: %v", received)
	}
	fmt.Println("Stopping etcd")
	_ = child.Process.Signal(syscall.SIGTERM)
	<-ended
	return err
}

func start() (*exec.Cmd, <-chan error, error) {
	child := exec.Command(etcd)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	return child, ended, nil
}

func awaitHealth() error {
	var last error
	for giveUp := time.Now().Add(startup); time.Now().Before(giveUp); time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(server + "/health")
		if err != nil {
			last = err
			continue
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		last = errors.New(answer.Status)
	}
	return fmt.Errorf("etcd is not healthy after %v: %v", startup, last)
}

// enableAuthentication does what Bitnami's script does with etcdctl, by etcd's JSON gateway.
func enableAuthentication(password string) error {
	for _, call := range []struct{ path, body string }{
		{"/v3/auth/user/add", fmt.Sprintf(`{"name":"root","password":%q}`, password)},
		{"/v3/auth/user/grant", `{"user":"root","role":"root"}`},
		{"/v3/auth/enable", `{}`},
	} {
		answer, err := http.Post(server+call.path, "application/json", bytes.NewBufferString(call.body))
		if err != nil {
			return err
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s: %s", call.path, answer.Status, text)
		}
	}
	return nil
}
