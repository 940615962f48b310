package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

func TestOneLine(t *testing.T) {
	server := netip.MustParseAddrPort("127.0.0.1:9000")
	f := func(r accesslog.Record, want string) {
		t.Helper()
		if got := oneLine(&r, 0); !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	f(accesslog.Record{
		Status:       404,
		Method:       []byte("GET"),
		OriginalHost: []byte("shop.example"),
		OriginalURI:  []byte("/a?b"),
	}, "404  GET shop.example/a?b  pool -  member -")
	f(accesslog.Record{OriginalHost: []byte("x\u009b2J\x1b"), OriginalURI: []byte("/a\n")}, `- x\u009b2J\x1b/a\n  pool`)
	f(accesslog.Record{OriginalHost: []byte("bücher.example"), OriginalURI: []byte("/a")}, "- bücher.example/a  pool")
	f(accesslog.Record{Method: []byte("GET"), OriginalHost: []byte("shop.example"), URI: []byte("/a")}, "GET shop.example/a  pool") // of v1
	f(accesslog.Record{OriginalHost: []byte("x"), OriginalURI: []byte("http://y/a")}, "- http://y/a  pool")
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "10.0.0.4", Server: server}}}, "member 10.0.0.4 (127.0.0.1:9000)")
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "127.0.0.1", Server: server}}}, "member 127.0.0.1:9000")
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "app.example"}}}, "member app.example ")
	f(accesslog.Record{
		Method:   []byte("G\x1bET"),
		Pool:     "we\nb",
		Attempts: []accesslog.Attempt{{Member: "m\x07"}, {Member: "n\u202e"}},
	}, `G\x1bET -  pool we\nb  member n\u202e`)
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "m\x07"}, {}}}, `attempt 1 on m\a: `)
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "a.example"}, {Server: server}}}, "attempt 1 on a.example: ")
}

// A record of somebody else's log is printed with escapes in place of what a terminal acts upon, and is still JSON.
func TestRecordsWithControlBytes(t *testing.T) {
	if got := string(escaped([]byte("{\"a\":\"x\x1b[2J\u009b\"}\n"))); got != `{"a":"x\u001b[2J\u009b"}`+"\n" {
		t.Errorf("got %s", got)
	}
	if plain := []byte("{\"a\":\"bücher\"}\n"); string(escaped(plain)) != string(plain) {
		t.Errorf("got %s", escaped(plain))
	}
}

// The line shows how long a member took, in records of each generation, and what is above the request timeout is marked.
func TestLatencyBesideTheTimeout(t *testing.T) {
	const limit = 2 * time.Second
	blank := accesslog.Attempt{
		Total:      accesslog.Unset,
		Send:       accesslog.Unset,
		Wait:       accesslog.Unset,
		Receive:    accesslog.Unset,
		HeaderTime: accesslog.Unset,
	}
	of := func(change func(r *accesslog.Record, a *accesslog.Attempt)) *accesslog.Record {
		r, a := accesslog.Record{}, blank
		change(&r, &a)
		r.Attempts = []accesslog.Attempt{a}
		return &r
	}
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for name, x := range map[string]struct {
		r    *accesslog.Record
		want string
	}{
		"answered": {of(func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Status, a.Total, a.HeaderTime = 200, ms(300), ms(200)
		}), "0.300 s of 2 s"},
		"gave no answer": {of(func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Fault, a.Total = fault.Fault{Kind: fault.Timeout}, ms(2001)
		}), "2.001 s of 2 s TIMEOUT"},
		"a long body": {of(func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Status, a.Total, a.HeaderTime = 200, ms(9000), ms(20)
		}), "9.000 s of 2 s"},
		"a body cut": {of(func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Fault = fault.Fault{Kind: fault.Timeout}
			a.Status, a.Total, a.HeaderTime = 200, ms(2100), ms(20)
		}), "2.100 s of 2 s TIMEOUT"},
		"v1 with trace": {of(func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Status, a.Send, a.Wait, a.Receive = 200, ms(1), ms(40), ms(2)
		}), "0.043 s of 2 s"},
		"v1 of Azure":      {of(func(_ *accesslog.Record, a *accesslog.Attempt) { a.Status = 200 }), "-"},
		"nobody was asked": {&accesslog.Record{}, "-"},
	} {
		if got := latencyText(x.r, limit); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	if got := latencyText(of(func(_ *accesslog.Record, a *accesslog.Attempt) { a.Total = ms(2500) }), 0); got != "2.500 s" {
		t.Errorf("without a document: %s", got)
	}
}
