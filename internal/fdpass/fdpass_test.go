package fdpass

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair is a conversation, seen from both sides.
func pair(t *testing.T) (a, b *Conn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if a, err = Dial(path, time.Second); err != nil {
		t.Fatal(err)
	}
	c, err := ln.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	b = New(c)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// Messages of any size arrive in order, each with its own files, as many as a gateway has ports.
func TestMessagesKeepTheirFiles(t *testing.T) {
	a, b := pair(t)
	sizes, counts := []int{0, 10, 1 << 20, 3}, []int{0, 1, 1000, 64}
	go func() {
		for i := range counts {
			var fds []int
			for k := range counts[i] {
				f, err := os.CreateTemp(t.TempDir(), "")
				if err != nil {
					t.Error(err)
				}
				fmt.Fprintf(f, "%d of %d", k, i)
				fds = append(fds, int(f.Fd()))
				defer f.Close()
			}
			if err := a.Send(strings.Repeat("x", sizes[i]), fds...); err != nil {
				t.Error(err)
			}
		}
		a.Close()
	}()
	for i := range counts {
		var text string
		files, err := b.Receive(&text)
		if err != nil || len(text) != sizes[i] || len(files) != counts[i] {
			t.Fatalf("message %d: %d bytes, %d files, %v", i, len(text), len(files), err)
		}
		for k, fd := range files {
			got := make([]byte, 20)
			n, _ := syscall.Pread(fd, got, 0)
			if want := fmt.Sprintf("%d of %d", k, i); string(got[:n]) != want {
				t.Errorf("file %d of message %d holds %q", k, i, got[:n])
			}
		}
		CloseAll(files)
	}
	var text string
	if _, err := b.Receive(&text); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

// A message of another kind costs itself, and its files are closed.
func TestMessageOfAnotherKind(t *testing.T) {
	a, b := pair(t)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := a.Send("text", int(f.Fd())); err != nil {
		t.Fatal(err)
	}
	if err := a.Send(7); err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := b.Receive(&n); err == nil {
		t.Error("a text is no number")
	}
	if files, err := b.Receive(&n); err != nil || n != 7 || len(files) != 0 {
		t.Errorf("%d, %d files, %v", n, len(files), err)
	}
}

// The other side dies in the middle of a question: an error, and nothing else.
func TestConversationIsReset(t *testing.T) {
	a, b := pair(t)
	if err := a.Send("unread"); err != nil { // what is unread when a socket closes makes the kernel reset the other side
		t.Fatal(err)
	}
	b.Close()
	var text string
	if _, err := a.Receive(&text); err == nil {
		t.Error("an answer came from nobody")
	}
}
