package lab

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// requestScenarios are requests that nobody could serve, and clients that leave before they are served.
func requestScenarios() []Scenario {
	return []Scenario{
		{
			Name: "client-timer", Story: "callers give up at a timer of their own", Lasts: 13 * time.Second,
			Truth: []Truth{{Cause: "j-client-timer-spike", Also: []string{"j-client-abort"}}}, Open: true, play: clientTimer,
		},
		{
			Name: "slow-upload", Story: "some clients stop in the middle of an upload and wait", Lasts: 63 * time.Second, Slow: true,
			Truth: []Truth{{Cause: "j-slow-upload"}}, play: slowUploadPlay,
		},
		{
			Name: "request-head-limit", Story: "cookies of some users have grown past what the gateway takes", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "j-header-limit"}}, play: requestHeadLimit,
		},
		{
			Name: "upload-too-large", Story: "some clients declare uploads above the gateway's limit", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "j-too-large"}}, play: uploadTooLarge,
		},
		{
			Name: "invalid-requests", Story: "a client sends requests that are no valid HTTP", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "j-invalid-request"}}, play: invalidRequests,
		},
		{
			Name: "scanner", Story: "a scanner looks for holes", Lasts: 4 * time.Second,
			Truth: []Truth{{Cause: "j-scanner", Also: []string{"j-invalid-request", "i-no-listener-match"}}}, play: scannerPlay,
		},
		{
			Name: "broken-download", Story: "clients break large downloads off", Lasts: 6 * time.Second,
			Truth: []Truth{{Cause: "j-client-rst-mid-download", Also: []string{"j-client-abort"}}}, Open: true, play: brokenDownload,
		},
	}
}

func clientTimer(s *Stage) {
	peers := s.Peers(2, ordinary(map[string]Reply{"/report": {After: Between(2500*time.Millisecond, 3*time.Second), Body: 200}}))
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(20, s.Flow(30, 4*time.Second, Shot{Path: "/"}), s.Flow(4, 4*time.Second, Shot{Path: "/report"}),
		bouts(s, 7, 4, Shot{Path: "/report", AbortAfter: time.Second + s.Vary(100*time.Millisecond, 500*time.Millisecond)}))
}

func slowUploadPlay(s *Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(Pool{Members: members(addrs(peers)...)})
	half := "POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("x", 1000)
	s.Fire(6, s.Flow(20, 4*time.Second, Shot{Method: http.MethodPost, Path: "/upload", Body: 2000}), s.Flow(3, 3*time.Second, Shot{Raw: half}))
}

func requestHeadLimit(s *Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(Pool{Members: members(addrs(peers)...)})
	cookie := http.Header{"Cookie": {"claims=" + repeated(66_000+s.IntN(9000))}}
	s.Fire(6, s.Flow(30, 3*time.Second, Shot{Path: "/"}), s.Flow(6, 3*time.Second, Shot{Path: "/account", Header: cookie}))
}

func uploadTooLarge(s *Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Web(Pool{Members: members(addrs(peers)...)})
	huge := fmt.Sprintf("POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: %d\r\n\r\n", int64(5+s.IntN(20))<<30)
	s.Fire(6, s.Flow(30, 3*time.Second, Shot{Path: "/"}), s.Flow(5, 3*time.Second, Shot{Raw: huge}))
}

// invalidRequests keeps below what would be a scanner: one kind of fault.
func invalidRequests(s *Stage) {
	raw := []string{
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/3.7\r\nHost: {host}\r\n\r\n", "G@T / HTTP/1.1\r\nHost: {host}\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	}[s.IntN(4)]
	peers := s.Peers(2, ordinary(nil))
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(6, s.Flow(30, 3*time.Second, Shot{Path: "/"}), s.Flow(5, 3*time.Second, Shot{Raw: raw}))
}

func scannerPlay(s *Stage) {
	peers := s.Peers(2, ordinary(nil))
	s.Open(Site{Host: siteHost, Pools: []Pool{{Name: "web", Members: members(addrs(peers)...), Probe: quickProbe()}}})
	var scan []Shot
	for i := range 30 + s.IntN(30) {
		scan = append(scan, Shot{At: time.Duration(i) * 50 * time.Millisecond, Raw: fmt.Sprintf("GET /wp-%d.php HTTP/1.1\r\nHost: h%d.example\r\nConnection: close\r\n\r\n", i, i%7)})
	}
	s.Fire(1, s.Flow(20, 3*time.Second, Shot{Path: "/", Host: siteHost}), scan)
}

func brokenDownload(s *Stage) {
	file := Reply{After: Between(5*time.Millisecond, 40*time.Millisecond), Body: 400_000, EndAt: 100_000, Rest: 1500 * time.Millisecond}
	peers := s.Peers(2, ordinary(map[string]Reply{"/file": file}))
	s.Web(Pool{Members: members(addrs(peers)...)})
	s.Fire(10, s.Flow(30, 4*time.Second, Shot{Path: "/"}), s.Flow(6, 4*time.Second, Shot{Path: "/file", AbortAfter: s.Vary(300*time.Millisecond, 900*time.Millisecond)}))
}
