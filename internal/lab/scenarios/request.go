package scenarios

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
)

// requestScenarios are requests that nobody could serve, and clients that leave before they are served.
func requestScenarios() []stage.Scenario {
	return []stage.Scenario{
		{
			Name: "client-timer", Story: "callers give up at a timer of their own", Lasts: 13 * time.Second,
			Truth: []stage.Truth{{Cause: "j-client-timer-spike", Also: []string{"j-client-abort"}}}, Open: true, Play: clientTimer,
		},
		{
			Name: "slow-upload", Story: "some clients stop in the middle of an upload and wait", Lasts: 63 * time.Second, Slow: true,
			Truth: []stage.Truth{{Cause: "j-slow-upload"}}, Play: slowUploadPlay,
		},
		{
			Name: "request-head-limit", Story: "cookies of some users have grown past what the gateway takes", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "j-header-limit"}}, Play: requestHeadLimit,
		},
		{
			Name: "upload-too-large", Story: "some clients declare uploads above the gateway's limit", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "j-too-large"}}, Play: uploadTooLarge,
		},
		{
			Name: "invalid-requests", Story: "a client sends requests that are no valid HTTP", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "j-invalid-request"}}, Play: invalidRequests,
		},
		{
			Name: "scanner", Story: "a scanner looks for holes", Lasts: 4 * time.Second,
			Truth: []stage.Truth{{Cause: "j-scanner", Also: []string{"j-invalid-request", "i-no-listener-match"}}}, Play: scannerPlay,
		},
		{
			Name: "broken-download", Story: "clients break large downloads off", Lasts: 6 * time.Second,
			Truth: []stage.Truth{{Cause: "j-client-rst-mid-download", Also: []string{"j-client-abort", "j-client-timer-spike"}}},
			Open:  true, Play: brokenDownload,
		},
	}
}

func clientTimer(s *stage.Stage) {
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/report": {
		After: peers.Between(2500*time.Millisecond, 3*time.Second),
		Body:  200,
	}}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(20, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(4, 4*time.Second, stage.TimedRequest{Path: "/report"}),
		bouts(s, 7, 4, stage.TimedRequest{Path: "/report", AbortAfter: time.Second + s.Vary(100*time.Millisecond, 500*time.Millisecond)}))
}

func slowUploadPlay(s *stage.Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	half := "POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("x", 1000)
	s.Fire(6, s.Flow(20, 4*time.Second, stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/upload",
		Body:   2000,
	}), s.Flow(3, 3*time.Second, stage.TimedRequest{Raw: half}))
}

func requestHeadLimit(s *stage.Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	cookie := http.Header{"Cookie": {"claims=" + repeated(66_000+s.IntN(9000))}}
	s.Fire(6, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/"}),
		s.Flow(6, 3*time.Second, stage.TimedRequest{Path: "/account", Header: cookie}))
}

func uploadTooLarge(s *stage.Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	huge := fmt.Sprintf("POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: %d\r\n\r\n", int64(5+s.IntN(20))<<30)
	s.Fire(6, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(5, 3*time.Second, stage.TimedRequest{Raw: huge}))
}

// invalidRequests keeps below what would be a scanner: one kind of fault.
func invalidRequests(s *stage.Stage) {
	raw := []string{
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/3.7\r\nHost: {host}\r\n\r\n", "G@T / HTTP/1.1\r\nHost: {host}\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	}[s.IntN(4)]
	peers := s.Peers(2, ordinary(nil))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(6, s.Flow(30, 3*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(5, 3*time.Second, stage.TimedRequest{Raw: raw}))
}

func scannerPlay(s *stage.Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Open(stage.Site{
		Host:  siteHost,
		Pools: []stage.Pool{{Name: "web", Members: stage.Members(stage.Addrs(peers)...), Probe: stage.QuickProbe()}},
	})
	var scan []stage.TimedRequest
	for i := range 30 + s.IntN(30) {
		scan = append(scan, stage.TimedRequest{
			At:  time.Duration(i) * 50 * time.Millisecond,
			Raw: fmt.Sprintf("GET /wp-%d.php HTTP/1.1\r\nHost: h%d.example\r\nConnection: close\r\n\r\n", i, i%7),
		})
	}
	s.Fire(1, s.Flow(20, 3*time.Second, stage.TimedRequest{Path: "/", Host: siteHost}), scan)
}

func brokenDownload(s *stage.Stage) {
	file := peers.Reply{
		After: peers.Between(5*time.Millisecond, 40*time.Millisecond),
		Body:  400_000,
		EndAt: 100_000,
		Rest:  1500 * time.Millisecond,
	}
	peers := s.Peers(2, ordinary(map[string]peers.Reply{"/file": file}))
	s.Web(stage.Pool{Members: stage.Members(stage.Addrs(peers)...)})
	s.Fire(10, s.Flow(30, 4*time.Second, stage.TimedRequest{Path: "/"}), s.Flow(6, 4*time.Second, stage.TimedRequest{
		Path:       "/file",
		AbortAfter: s.Vary(300*time.Millisecond, 900*time.Millisecond),
	}))
}
