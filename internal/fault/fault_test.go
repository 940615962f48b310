package fault

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// The same event reaches a gateway in several shapes; each must come out as what it is.
func TestOf(t *testing.T) {
	f := func(err error, phase Phase, reused bool, want Fault) {
		t.Helper()
		if got := Of(err, phase, reused); got != want {
			t.Errorf("Of(%v, %s) = %+v, want %+v", err, phase, got, want)
		}
	}
	sys := func(op string, e syscall.Errno) error {
		return fmt.Errorf("proxy: %w", &net.OpError{Op: op, Err: os.NewSyscallError(op, e)})
	}
	f(io.EOF, Wait, true, Fault{Side: Backend, Phase: Wait, Kind: Closed, Reused: true})
	f(sys("read", syscall.ECONNRESET), Wait, true, Fault{Side: Backend, Phase: Wait, Kind: Reset, Errno: "ECONNRESET", Reused: true})
	f(sys("write", syscall.EPIPE), Send, true, Fault{Side: Backend, Phase: Send, Kind: Reset, Errno: "EPIPE", Reused: true})
	f(sys("connect", syscall.ECONNREFUSED), Connect, false, Fault{Side: Backend, Phase: Connect, Kind: Refused, Errno: "ECONNREFUSED"})
	f(sys("connect", syscall.EHOSTUNREACH), Connect, false, Fault{Side: Network, Phase: Connect, Kind: Unreachable, Errno: "EHOSTUNREACH"})
	f(sys("socket", syscall.EMFILE), Connect, false, Fault{Side: Gateway, Phase: Connect, Kind: Exhausted, Errno: "EMFILE"})
	f(sys("connect", syscall.EADDRNOTAVAIL), Connect, false, Fault{Side: Gateway, Phase: Connect, Kind: Exhausted, Errno: "EADDRNOTAVAIL"})
	f(os.ErrDeadlineExceeded, Connect, false, Fault{Side: Network, Phase: Connect, Kind: Timeout})
	f(os.ErrDeadlineExceeded, Wait, false, Fault{Side: Backend, Phase: Wait, Kind: Timeout})
	f(tls.RecordHeaderError{}, TLS, false, Fault{Side: Backend, Phase: TLS, Kind: NotTLS})
	f(&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: new(x509.Certificate)}}, TLS, false,
		Fault{Side: Backend, Phase: TLS, Kind: Certificate, Detail: "cert_name_mismatch"})
	f(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, TLS, false,
		Fault{Side: Backend, Phase: TLS, Kind: Certificate, Detail: "cert_expired"})
}

// said is an error like those of package conn, which tells whose alert ended a connection.
type said struct {
	code   uint8
	remote bool
}

func (s said) Error() string        { return "alert" }
func (s said) Alert() (uint8, bool) { return s.code, s.remote }

func (said) Asked() bool { return false }

// Only an alert that the peer sent says something of the peer.
func TestAlerts(t *testing.T) {
	f := func(err error, phase Phase, want Fault) {
		t.Helper()
		if got := Of(fmt.Errorf("shake hands: %w", err), phase, false); got != want {
			t.Errorf("Of(%v, %s) = %+v, want %+v", err, phase, got, want)
		}
	}
	f(said{70, true}, TLS, Fault{Side: Backend, Phase: TLS, Kind: Alerted, Alert: 70})
	f(said{116, true}, Wait, Fault{Side: Backend, Phase: Wait, Kind: Alerted, Alert: 116})
	f(said{47, false}, TLS, Fault{Side: Backend, Phase: TLS, Kind: Malformed, Detail: "shake hands: alert"})
	f(io.EOF, TLS, Fault{Side: Backend, Phase: TLS, Kind: Closed})
}

func TestStatusByGeneration(t *testing.T) {
	f := func(x Fault, v1, v2 int, info string) {
		t.Helper()
		if x.Status(true) != v1 || x.Status(false) != v2 || x.ErrorInfo() != info {
			t.Errorf("%s: %d %d %s, want %d %d %s", x.Text(), x.Status(true), x.Status(false), x.ErrorInfo(), v1, v2, info)
		}
	}
	f(Fault{Side: Backend, Phase: Wait, Kind: Timeout}, 502, 504, UpstreamTimedOut)
	f(Fault{Side: Backend, Phase: Wait, Kind: Closed}, 502, 502, UpstreamClosed)
	f(Fault{Side: Gateway, Phase: Pick, Kind: NoMember}, 502, 502, UpstreamNoLive)
	f(Fault{Side: Client, Phase: Wait, Kind: Closed}, 0, 499, ClientClosed)
	f(Fault{Side: Client, Phase: Upload, Kind: Truncated}, 400, 400, ClientClosed)
	f(Fault{Side: Client, Phase: Request, Kind: Timeout}, 408, 408, ClientTimedOut)
	f(Fault{Side: Client, Phase: Request, Kind: MissingHost}, 400, 400, NoHostHeader)
	f(Fault{Side: Client, Phase: Route, Kind: NoListener}, 404, 404, InvalidHost)
	f(Fault{Side: Client, Phase: Request, Kind: TooLarge}, 431, 431, InvalidRequest)
	f(Fault{Side: Gateway, Phase: Route, Kind: Panicked}, 500, 500, NoError)
	f(Fault{}, 0, 0, NoError)
}

// Only what cannot have been acted on twice, or is idempotent, may be replayed: the class says which of the two it is.
func TestRetryClass(t *testing.T) {
	f := func(x Fault, v1, v2 Retry) {
		t.Helper()
		if x.Retry(true) != v1 || x.Retry(false) != v2 {
			t.Errorf("%s: %d %d, want %d %d", x.Text(), x.Retry(true), x.Retry(false), v1, v2)
		}
	}
	f(Fault{Side: Backend, Phase: Connect, Kind: Refused}, NextMember, NextMember)
	f(Fault{Side: Backend, Phase: TLS, Kind: Certificate}, NextMember, NextMember)
	f(Fault{Side: Backend, Phase: Wait, Kind: Timeout}, Never, SecondTry)
	f(Fault{Side: Backend, Phase: Wait, Kind: Closed, Reused: true}, FreshNeeded, FreshNeeded)
	f(Fault{Side: Backend, Phase: Wait, Kind: Closed}, OtherMember, OtherMember)
	f(Fault{Side: Backend, Phase: Send, Kind: Reset}, OtherMember, OtherMember)
	f(Fault{Side: Backend, Phase: Wait, Kind: Malformed}, Never, Never)
	f(Fault{Side: Backend, Phase: Head, Kind: Reset, Reused: true}, Never, Never)
	f(Fault{Side: Client, Phase: Upload, Kind: Closed}, Never, Never)
}

func TestEveryFaultHasASentence(t *testing.T) {
	for _, side := range []Side{Client, Gateway, Backend, Network} {
		for _, phase := range []Phase{Request, Pick, Resolve, Connect, TLS, Send, Upload, Wait, Head, Body, Deliver} {
			if s := (Fault{Side: side, Phase: phase, Kind: Closed}).Text(); len(s) < 10 {
				t.Errorf("%s %s: %q says too little", side, phase, s)
			}
		}
	}
	if (Fault{}).Text() != "no fault" {
		t.Error("the zero value must say that nothing failed")
	}
}

// A proxy behind the gateway says by its page that the fault is behind it. An application's page says nothing of the kind.
func TestPage(t *testing.T) {
	nginx := "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>%s</center>\r\n</body>\r\n</html>\r\n"
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{502, fmt.Sprintf(nginx, "nginx"), "nginx"},
		{504, fmt.Sprintf(nginx, "nginx/1.22.1"), "nginx"},
		{502, fmt.Sprintf(nginx, "Microsoft-Azure-Application-Gateway/v2"), "Microsoft-Azure-Application-Gateway"},
		{503, fmt.Sprintf(nginx, "nginx"), ""}, // a limit of requests, perhaps
		{500, fmt.Sprintf(nginx, "nginx"), ""},
		{504, "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n", "HAProxy"},
		{503, "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n", ""}, // it denies with the same page
		{504, "<p>Sorry! The server didn't respond in time.</p>", ""},
		{503, "upstream connect error or disconnect/reset before headers. reset reason: connection failure", "Envoy"},
		{503, "upstream connect error or disconnect/reset before headers. reset reason: overflow", ""}, // a limit of Envoy's own
		{502, `{"error":"search: upstream request timeout"}`, ""},
		{502, "<hr><center>\x00</center>", ""},
		{502, "<hr><center>" + strings.Repeat("n", 41) + "</center>", ""},
		{502, strings.Repeat(" ", pageMax) + fmt.Sprintf(nginx, "nginx"), ""},
		{502, "<h1>Our supplier's service is down</h1>", ""},
		{502, "", ""},
	} {
		if got := Page(c.status, []byte(c.body)); got != c.want {
			t.Errorf("Page(%d, %.60q) = %q, want %q", c.status, c.body, got, c.want)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add(502, []byte("<hr><center>nginx/1</center>"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if got := Page(status, body); len(got) > 40 {
			t.Errorf("Page = %q", got)
		}
	})
}
