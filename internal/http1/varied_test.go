package http1

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// variedResponses are so many heads of ordinary fields that no branch predictor learns them by heart.
func variedResponses() (list [][]byte) {
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{
		"Server", "Date", "Content-Type", "Connection", "ETag", "Last-Modified", "Accept-Ranges", "Cache-Control", "Vary", "X-Request-Id",
		"Set-Cookie", "X-Frame-Options", "Strict-Transport-Security", "Location", "Age", "Via", "Expires", "X-Powered-By",
	}
	for range 512 {
		lines := []string{"HTTP/1.1 200 OK", "Content-Length: 1024"}
		for _, i := range r.Perm(len(names))[:7] {
			lines = append(lines, names[i]+": "+strings.Repeat("v", 3+r.IntN(40)))
		}
		list = append(list, []byte(head(lines...)))
	}
	return list
}

func BenchmarkVariedResponses(b *testing.B) {
	list := variedResponses()
	var r Response
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Parse(list[i%len(list)], nil); err != nil {
			b.Fatal(err)
		}
		i += 7
	}
}
