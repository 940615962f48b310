package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// members are the servers behind the gateway: good ones, and bad ones that reset and stall when they are asked to. All
// have one port, at addresses of their own.
type members struct {
	port      int
	good, bad []string // addresses
	servers   []*http.Server
}

func startMembers() (*members, error) {
	m := &members{}
	for i := range 5 {
		address := fmt.Sprint("127.0.2.", i+1)
		ln, err := net.Listen("tcp", fmt.Sprint(address, ":", m.port))
		if err != nil {
			m.close()
			return nil, err
		}
		m.port = ln.Addr().(*net.TCPAddr).Port // the next ones take it too
		s := &http.Server{Handler: handler()}
		m.servers = append(m.servers, s)
		go s.Serve(ln)
		if i < 3 {
			m.good = append(m.good, address)
		} else {
			m.bad = append(m.bad, address)
		}
	}
	return m, nil
}

func (m *members) close() {
	for _, s := range m.servers {
		s.Close()
	}
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bytes/{n}", sendBytes)
	mux.HandleFunc("POST /upload", takeUpload)
	mux.HandleFunc("GET /echo", echo)
	mux.HandleFunc("GET /reset", func(w http.ResponseWriter, r *http.Request) { reset(w, "") })
	mux.HandleFunc("GET /half", func(w http.ResponseWriter, r *http.Request) {
		reset(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
	})
	mux.HandleFunc("GET /nonsense", func(w http.ResponseWriter, r *http.Request) { reset(w, "nonsense\r\n\r\n") })
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, r *http.Request) { time.Sleep(1500 * time.Millisecond) })
	return mux
}

func sendBytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n > 10<<20 {
		http.Error(w, "how many?", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(n))
	w.Write(bytes.Repeat([]byte("x"), n))
}

// takeUpload answers with how much it got.
func takeUpload(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	io.WriteString(w, strconv.FormatInt(n, 10))
}

// echo upgrades and sends back what comes.
func echo(w http.ResponseWriter, r *http.Request) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	io.Copy(c, rw)
}

// reset says something and resets the connection.
func reset(w http.ResponseWriter, last string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	io.WriteString(c, last)
	if last != "" {
		time.Sleep(5 * time.Millisecond) // what was sent is to arrive before the reset
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}
