package conn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// asker connects to a peer that serve plays.
func (w *world) asker(serve func(c net.Conn)) Conn {
	w.Helper()
	at := w.backend(func(c net.Conn) {
		if w.tls != nil {
			c = tls.Server(c, w.tls)
		}
		serve(c)
	})
	c, err := w.loop.Dial(at, time.Now().Add(5*time.Second))
	if err == nil && w.tls != nil {
		c, err = TLS(c, tls.Client, &tls.Config{InsecureSkipVerify: true})
	}
	if err != nil {
		w.Fatal(err)
	}
	w.closers = append(w.closers, closing{c})
	return c
}

type closing struct{ Conn }

func (c closing) Close() error { return c.Conn.Reset() }

// A question and its answer, again and again on one connection.
func TestAsk(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			c := w.asker(func(c net.Conn) { io.Copy(c, c) })
			for i := range 3 {
				n, at, err := Ask(c, []byte("ask "), []byte{byte('0' + i), '\n'})
				if n != 6 || err != nil || at.IsZero() {
					w.Fatalf("%d bytes at %v, %v", n, at, err)
				}
				got := make([]byte, 6)
				if _, err := io.ReadFull(c, got); err != nil || string(got) != "ask "+string(rune('0'+i))+"\n" {
					w.Fatalf("%q, %v", got, err)
				}
			}
		})
	})
}

// A wait that runs out is the next Read's to report; the question is out all the same.
func TestAskWithoutAnswer(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			heard := make(chan string, 1)
			c := w.asker(func(c net.Conn) {
				b := make([]byte, 15)
				io.ReadFull(c, b)
				heard <- string(b)
				c.Read(b)
			})
			c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
			if n, _, err := Ask(c, []byte("silence, please"), nil); n != 15 || err != nil {
				w.Fatalf("%d, %v", n, err)
			}
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				w.Fatalf("%v", err)
			}
			if got := <-heard; got != "silence, please" {
				w.Fatalf("%q", got)
			}
		})
	})
}

// A question larger than the kernel takes at once goes out whole.
func TestAskOfAnySize(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			big := bytes.Repeat([]byte("x"), 3<<20)
			c := w.asker(func(c net.Conn) {
				n, _ := io.CopyN(io.Discard, c, int64(len(big))+1)
				if n == int64(len(big))+1 {
					c.Write([]byte("all"))
				}
			})
			if n, _, err := Ask(c, []byte("x"), big); n != len(big)+1 || err != nil {
				w.Fatalf("%d, %v", n, err)
			}
			got := make([]byte, 3)
			if _, err := io.ReadFull(c, got); err != nil || string(got) != "all" {
				w.Fatalf("%q, %v", got, err)
			}
		})
	})
}

// The end of the peer is no error of the question: the Read behind it meets it.
func TestAskOfWhoLeaves(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			c := w.asker(func(c net.Conn) { c.Read(make([]byte, 8)) })
			if _, _, err := Ask(c, []byte("question"), nil); err != nil {
				w.Fatal(err)
			}
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				w.Fatalf("%v", err)
			}
		})
	})
}
