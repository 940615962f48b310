package protocol_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// headOf is a request without a body whose head has so many bytes.
func headOf(n int64) story.Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Method, r.Received = []byte("GET"), n }
}

// The length of a head gives away a server that closes on it without a status.
func TestHeadsWithoutAStatus(t *testing.T) {
	t.Parallel()
	reset := fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Reset, Errno: "ECONNRESET"}
	for name, x := range map[string]struct {
		lost, answered func(i int) int64
		where          story.Change
		path           string
		azure          bool
		want           string
	}{
		"above 4 KiB": {
			func(i int) int64 { return 4200 + int64(i) }, func(i int) int64 { return 300 + int64(i%3000) }, nil,
			"/a", false, "e-request-header-too-big high",
		},
		"above 16 KiB": {
			func(i int) int64 { return 17000 + 40*int64(i) }, func(i int) int64 { return 300 + 120*int64(i) },
			nil, "/a", false, "e-request-header-too-big high",
		},
		"on reused ones too": {
			func(i int) int64 { return 17000 + int64(i) }, func(i int) int64 { return 3000 },
			story.Reused(300*time.Millisecond, 3), "/a", false, "e-request-header-too-big medium",
		},
		"by Azure's log": {
			func(i int) int64 { return 17000 + int64(i) }, func(i int) int64 { return 3000 }, nil, "/a", true,
			"e-request-header-too-big medium",
		},
		"answered as long": {
			func(i int) int64 { return 5000 }, func(i int) int64 { return 4000 + 50*int64(i) }, nil, "/a",
			false, "",
		},
		"short ones":                {func(i int) int64 { return 900 }, func(i int) int64 { return 400 }, nil, "/a", false, ""},
		"of a kind that never gets": {func(i int) int64 { return 17000 }, func(i int) int64 { return 400 }, nil, "/other", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure = x.azure
			for i := range 100 {
				s.After(300*time.Millisecond).Request(4, story.Path("/a"), headOf(x.answered(i)))
				if i%5 == 0 {
					change := x.where
					if change == nil {
						change = func(*accesslog.Record, *accesslog.Attempt) {}
					}
					s.Request(4, story.Path(x.path), headOf(x.lost(i)), change, story.Fails(reset, time.Millisecond))
				}
			}
			r := s.Diagnose()
			if got := story.Causes(r); strings.Contains(got, "e-request-header-too-big") != (x.want != "") ||
				x.want != "" && got != x.want {
				t.Errorf("%s: found %q", name, got)
			}
		})
	}
}
