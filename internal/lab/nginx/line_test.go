package nginx

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/fault"
	"causeway/internal/lab/peers"
	"causeway/internal/lab/stretch"
)

// answered is nginx's line of a request that went well.
func answered(change func(*Line)) Line {
	l := Line{
		At: "1764493322.750", Connection: "19", Uses: "2", Client: "127.0.1.7", Port: "40001", Method: "GET", Target: "/search?q=a%20b",
		Status: "200", Version: "HTTP/1.1", Received: "301", Sent: "1200", Taken: "0.030", Addr: "127.0.0.2:3333", Statuses: "200",
		Connect: "0.000", Header: "0.010", Response: "0.020", Host: "127.0.0.1:8081", ID: "b4a73f1437c31221dd945ab84444df01",
		Whole: "GET /search?q=a%20b HTTP/1.1", Pool: "web",
	}
	if change != nil {
		change(&l)
	}
	return l
}

// unanswered is one that no member answered.
func unanswered(status, connect, response string, said ...string) Line {
	return answered(func(l *Line) {
		l.Status, l.Statuses, l.Connect, l.Header, l.Response, l.errors = status, status, connect, "-", response, said
	})
}

var shop = translation{
	instance: 1,
	routed:   map[string]string{"127.0.0.2:3333": "10.1.0.4:8080", "127.0.0.3:4444": "10.1.0.5:8080"},
	hosts:    map[string]string{"web": ""},
	listen:   "127.0.0.1:8081",
}

func TestRowOfAnAnswer(t *testing.T) {
	r := answered(nil).row(shop)
	got := strings.Join(slices.Concat(r.Routed, r.Statuses, r.Connects, r.Headers, r.Latencies), " ")
	if want := "10.1.0.4:8080 200 0.000 0.010 0.020"; got != want {
		t.Errorf("attempts are %q, want %q", got, want)
	}
	if r.Path != "/search" || r.Query != "q=a%20b" || r.Client != "203.0.112.7" || r.OriginalHost != publicName || r.ErrorInfo != fault.NoError {
		t.Errorf("%+v", r)
	}
	if r.At.UnixMilli() != 1764493322750 || r.ClientTime != 0.02 || r.Taken != 0.03 {
		t.Errorf("time %v, client %v, taken %v: want it to the millisecond, 0.02 from the head to the end, 0.03", r.At, r.ClientTime, r.Taken)
	}
}

// The evidence has a row slower than it was, and stamped to the second only then.
func TestStretchedRow(t *testing.T) {
	l := answered(func(l *Line) {
		l.Addr, l.Statuses, l.Connect = "127.0.0.3:4444, 127.0.0.2:3333", "502, 200", "-, 0.001"
		l.Header, l.Response = "-, 0.010", "0.004, 0.020"
	})
	r := l.row(shop).stretched(stretch.Clock{End: time.UnixMilli(1764493323000)})
	got := strings.Join(slices.Concat(r.Connects, r.Headers, r.Latencies), " ")
	if want := "- 0.010 - 0.100 0.040 0.200"; got != want || r.Taken != 0.3 {
		t.Errorf("attempts take %q, want %q; taken %v", got, want, r.Taken)
	}
	if at := r.At.UnixMilli(); at != 1764493320000 {
		t.Errorf("stamp %d, want 1764493320000: a quarter of a second before the end is two seconds and a half", at)
	}
	if b, err := r.first(shopSite).MarshalJSON(); err != nil || !strings.Contains(string(b), `"timeTaken":300,`) {
		t.Errorf("%s, %v: want 300 ms", b, err)
	}
}

// The ports are those that members saw, attempt by attempt; an attempt that no member took has none.
func TestPortsOfAttempts(t *testing.T) {
	l := answered(func(l *Line) {
		l.Addr, l.Statuses, l.Connect = "127.0.0.3:4444, 127.0.0.2:3333", "502, 200", "0.000, 0.000"
		l.Header, l.Response = "-, 0.010", "0.001, 0.020"
	})
	with := shop
	with.sources = []peers.Source{{Dialled: "127.0.0.2:3333", Port: "50001"}}
	if got := l.row(with).Ports; !slices.Equal(got, []string{"-", "50001"}) {
		t.Errorf("%q", got)
	}
	if got := unanswered("502", "0.000", "0.001").row(shop).Ports; !slices.Equal(got, []string{""}) {
		t.Errorf("%q", got)
	}
}

// What an upload takes comes before the member is asked: it is no time of delivery.
func TestClientTimeOfAnUpload(t *testing.T) {
	l := answered(func(l *Line) { l.Method, l.Taken = "POST", "5.020" })
	if got := l.clientTime(); got != 0.01 {
		t.Errorf("client time %v, want 0.01", got)
	}
}

func TestStatusWithAndWithoutEcho(t *testing.T) {
	f := func(l Line, echo bool, want ...string) {
		t.Helper()
		with := shop
		with.echo = echo
		if got := l.row(with).Statuses; !slices.Equal(got, want) {
			t.Errorf("echo %t: statuses %q, want %q", echo, got, want)
		}
	}
	timedOut := unanswered("504", "0.000", "2.000")
	f(timedOut, true, "504")
	f(timedOut, false, "")
	saved := answered(func(l *Line) {
		l.Addr, l.Statuses, l.Connect = "127.0.0.3:4444, 127.0.0.2:3333", "502, 200", "-, 0.000"
		l.Header, l.Response = "-, 0.010", "0.000, 0.020"
	})
	f(saved, true, "502", "200")
	f(saved, false, "-", "200")
	f(answered(nil), false, "200")
}

func TestReasons(t *testing.T) {
	f := func(l Line, want string) {
		t.Helper()
		if got := l.errorInfo(); got != want {
			t.Errorf("status %s, errors %q: %s, want %s", l.Status, l.errors, got, want)
		}
	}
	rejected := func(status string, said ...string) Line {
		return answered(func(l *Line) {
			l.Status, l.Addr, l.Statuses, l.Connect, l.Header, l.Response, l.errors = status, "", "", "", "", "", said
		})
	}
	cut := func(said string) Line { return answered(func(l *Line) { l.errors = []string{said} }) }
	f(unanswered("502", "-", "0.000"), fault.UpstreamClosed)
	f(unanswered("504", "0.000", "2.000"), fault.UpstreamTimedOut)
	f(unanswered("499", "0.000", "0.400"), fault.ClientClosed)
	f(answered(func(l *Line) { l.Status, l.Statuses = "503", "503" }), fault.NoError)
	f(answered(func(l *Line) { l.Status, l.Statuses = "504", "504" }), fault.NoError)
	f(answered(func(l *Line) {
		l.Status, l.Addr, l.Statuses, l.Connect, l.Header, l.Response = "502", "web", "502", "-", "-", "0.000"
	}), fault.UpstreamNoLive)
	f(answered(func(l *Line) {
		l.Status, l.Addr, l.Statuses = "502", "127.0.0.2:3333, web", "502, 502"
		l.Connect, l.Header, l.Response = "0.000, -", "-, -", "0.004, 0.000"
	}), fault.UpstreamClosed)
	f(cut("upstream prematurely closed connection while reading upstream, client: 127.0.1.7"), fault.UpstreamClosed)
	f(cut("upstream timed out (110: Connection timed out) while reading upstream"), fault.UpstreamTimedOut)
	f(cut(`upstream sent more data than specified in "Content-Length" header while reading upstream`), fault.NoError)
	f(cut("upstream timed out (110: Connection timed out) while reading response header from upstream"), fault.NoError)
	f(cut("client prematurely closed connection while sending to client"), fault.ClientClosed)
	f(rejected("400", "client sent invalid method while reading client request line"), fault.InvalidMethod)
	f(rejected("400", "client sent too large request while reading client request headers"), fault.InvalidRequest)
	f(rejected("404"), fault.InvalidHost)
	f(rejected("408"), fault.ClientTimedOut)
	f(rejected("414"), fault.URIInvalid)
	f(rejected("505"), fault.InvalidVersion)
}

// Of a connection's complaints a request has those that name it, within its time.
func TestComplaintsOfARequest(t *testing.T) {
	l := answered(nil)
	const named = `upstream timed out while reading upstream, request: "GET /search?q=a%20b HTTP/1.1"`
	said := complaints{
		"19": {
			{1764493322, named},
			{1764493322, `upstream timed out while reading upstream, request: "GET /other HTTP/1.1"`},
			{1764493300, "earlier"},
		},
		"20": {{1764493322, "of another connection"}},
	}
	if got := said.during(l); !slices.Equal(got, []string{named}) {
		t.Errorf("%q", got)
	}
}
