package http1

import "testing"

func TestQuick(t *testing.T) {
	var r Request
	if err := r.Parse([]byte("GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: foo, close\r\nFoo: 1\r\nBar: 2\r\n\r\nrest"), nil); err != nil {
		t.Fatal(err)
	}
	if s := string(AppendFields(nil, r.Fields, HopByHop)); s != "Host: x\r\nBar: 2\r\n" {
		t.Fatalf("%q", s)
	}
}
