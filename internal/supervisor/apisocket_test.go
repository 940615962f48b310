//go:build linux

package supervisor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/admin"
)

// onSocket is a client of the management API on its unix socket.
func (h *house) onSocket() *apiClient {
	return &apiClient{t: h.T, base: "http://localhost", http: http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", h.o.APISocket)
		},
	}}}
}

// The API answers on a socket alone, without a token, and the file goes with the gateway.
func TestTheAPIOnASocket(t *testing.T) {
	h := newHouse(t)
	document, err := os.ReadFile(h.o.Config)
	if err != nil {
		t.Fatal(err)
	}
	h.o.Config, h.o.APISocket = "", filepath.Join(t.TempDir(), "api.sock")
	h.start()
	info, err := os.Stat(h.o.APISocket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if at := h.s.Status().API; at != "unix:"+h.o.APISocket {
		t.Errorf("the status has the address %q", at)
	}
	const path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
	if status, text := h.onSocket().do(http.MethodPut, path, string(document)); status != http.StatusCreated {
		t.Fatalf("PUT: %d %s", status, text)
	}
	events, err := h.s.Activity()
	if e := lastConfigured(t, events); err != nil || e.Caller != fmt.Sprint("uid ", os.Geteuid()) {
		t.Errorf("%v %+v", err, e)
	}
	h.end()
	if _, err := os.Lstat(h.o.APISocket); !os.IsNotExist(err) {
		t.Errorf("the file after the end: %v", err)
	}
}

// An address and a socket answer together. A socket that somebody left behind is replaced.
func TestTheAPIOnAnAddressAndASocket(t *testing.T) {
	h := newHouse(t)
	h.o.API, h.o.APISocket = "127.0.0.1:0", filepath.Join(t.TempDir(), "api.sock")
	left, err := admin.ReplaceSocket(h.o.APISocket)
	if err != nil {
		t.Fatal(err)
	}
	left.Close()
	h.start()
	c := h.client("owner")
	for name, c := range map[string]*apiClient{"address": c, "socket": h.onSocket()} {
		if status, text := c.do(http.MethodGet, "/subscriptions", ""); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	h.end()
}

// The socket's file stays for a successor that goes on with it. It goes where the successor has another.
func TestTheFileOfTheAPISocketAfterASuccession(t *testing.T) {
	for _, goesOn := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "api.sock")
		ln, err := admin.ReplaceSocket(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := ln.File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if !goesOn {
			file.Close()
		}
		(&api{path: path, socket: ln}).close()
		if _, err := os.Lstat(path); (err == nil) != goesOn {
			t.Errorf("the successor goes on with the socket: %v; its file: %v", goesOn, err)
		}
	}
}

func TestPathsThatAreNoSocketOfTheAPI(t *testing.T) {
	h := newHouse(t)
	open := filepath.Join(t.TempDir(), "open")
	file := filepath.Join(t.TempDir(), "file")
	held := filepath.Join(t.TempDir(), "held.sock")
	h.write(file, "mine")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil { // past the umask
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", held)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for path, want := range map[string]string{
		filepath.Join(open, "s"):         "every user may write",
		filepath.Join(open, "none", "s"): "there is no folder",
		file:                             "the path is not a socket",
		held:                             fmt.Sprintf("process %d", os.Getpid()),
		"api.sock":                       "not absolute",
		filepath.Join(open, strings.Repeat("s", 99)): "longer than",
	} {
		h.o.APISocket = path
		if _, _, err := Start(t.Context(), h.o); err == nil || !strings.Contains(err.Error(), want) || admin.HintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", path, err, admin.HintOf(err))
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("%q %v", text, err)
	}
}
