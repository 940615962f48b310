package peercred

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestBothEndsOfASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	want := Credentials{UID: os.Geteuid(), PID: os.Getpid()}
	for name, c := range map[string]net.Conn{"client": client, "server": server} {
		if got, err := Of(c); err != nil || got != want {
			t.Errorf("as the %s sees it: %+v, %v", name, got, err)
		}
	}
}

func TestOtherConnectionsHaveNone(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := Of(a); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
