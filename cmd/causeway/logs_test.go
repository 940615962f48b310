package main

import (
	"net/netip"
	"strings"
	"testing"

	"causeway/accesslog"
)

func TestOneLine(t *testing.T) {
	server := netip.MustParseAddrPort("127.0.0.1:9000")
	f := func(r accesslog.Record, want string) {
		t.Helper()
		if got := oneLine(&r, 0); !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	f(accesslog.Record{Status: 404, Method: []byte("GET"), OriginalHost: []byte("shop.example"), OriginalURI: []byte("/a?b")}, "404  GET shop.example/a?b  pool -  member -")
	f(accesslog.Record{OriginalHost: []byte("x\u009b2J\x1b"), OriginalURI: []byte("/a\n")}, `- x\u009b2J\x1b/a\n  pool`)
	f(accesslog.Record{OriginalHost: []byte("bücher.example"), OriginalURI: []byte("/a")}, "- bücher.example/a  pool")
	f(accesslog.Record{Method: []byte("GET"), OriginalHost: []byte("shop.example"), URI: []byte("/a")}, "GET shop.example/a  pool") // of v1
	f(accesslog.Record{OriginalHost: []byte("x"), OriginalURI: []byte("http://y/a")}, "- http://y/a  pool")
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "10.0.0.4", Server: server}}}, "member 10.0.0.4 (127.0.0.1:9000)")
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "127.0.0.1", Server: server}}}, "member 127.0.0.1:9000")
	f(accesslog.Record{Attempts: []accesslog.Attempt{{Member: "app.example"}}}, "member app.example ")
	f(accesslog.Record{Method: []byte("G\x1bET"), Pool: "we\nb", Attempts: []accesslog.Attempt{{Member: "m\x07"}, {Member: "n\u202e"}}}, `G\x1bET -  pool we\nb  member n\u202e`)
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
