package nginx

import (
	"cmp"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/internal/fault"
	"causeway/internal/lab/peers"
	"causeway/internal/lab/stretch"
)

// Row is a request as Azure's log has it, before it takes one of the forms of an export.
type Row struct {
	At                    time.Time // when the response ended
	Instance              int
	Client                string
	ClientPort            int
	Method                string
	Target, Path, Query   string
	Agent                 string
	Status                int
	Version               string
	Received, Sent        int
	Connection, Uses      int
	ClientTime, Taken     float64 // seconds
	ID                    string
	Routed, Statuses      []string // by attempt
	Connects, Headers     []string
	Latencies, Ports      []string
	OriginalHost, Host    string
	ErrorInfo, Type, Pool string
}

// publicName is what clients call the gateway that the lab reaches by address and port.
const publicName = "shop.example"

// translation is what makes a line of nginx a row of Azure.
type translation struct {
	instance int
	echo     bool
	routed   map[string]string // what the log names, by the address that was dialled
	hosts    map[string]string // that settings send on, by pool
	listen   string            // where clients reach the instance
	sources  []peers.Source    // of the attempts that a member took
}

// row translates a line. Attempts keep their order. Where nobody answered, nginx has the status that it made itself: with echo
// the row has it too.
func (l Line) row(t translation) Row {
	path, query, _ := strings.Cut(l.Target, "?")
	if l.Host == t.listen {
		l.Host = publicName
	}
	r := Row{
		At: stamp(l.At), Instance: t.instance, Client: publicAddress(l.Client), ClientPort: whole(l.Port),
		Method: l.Method, Target: l.Target, Path: path, Query: query, Agent: cmp.Or(l.Agent, "-"), Status: whole(l.Status),
		Version: l.Version, Received: whole(l.Received), Sent: whole(l.Sent), Connection: whole(l.Connection), Uses: whole(l.Uses),
		Taken: seconds(l.Taken), ID: l.ID, OriginalHost: l.Host, Host: cmp.Or(t.hosts[l.Pool], l.Host),
		ErrorInfo: l.errorInfo(), Type: l.Type, Pool: l.Pool,
	}
	l.attempts(&r, t)
	if len(r.Statuses) == 1 && r.Headers[0] == "-" && !t.echo {
		r.Statuses[0] = ""
	}
	if len(r.Ports) == 1 && r.Ports[0] == "-" {
		r.Ports[0] = ""
	}
	r.ClientTime = l.clientTime()
	return r
}

// attempts copies the lists. A pool without live members has its own name for an address: nothing was routed.
func (l Line) attempts(r *Row, t translation) {
	statuses, connects := parts(l.Statuses), parts(l.Connect)
	headers, latencies := parts(l.Header), parts(l.Response)
	for i, addr := range parts(l.Addr) {
		if !isAddress(addr) {
			continue
		}
		status := at(statuses, i)
		if at(headers, i) == "-" && !t.echo {
			status = "-"
		}
		r.Ports = append(r.Ports, t.port(addr))
		r.Routed = append(r.Routed, cmp.Or(t.routed[addr], addr))
		r.Statuses = append(r.Statuses, status)
		r.Connects = append(r.Connects, at(connects, i))
		r.Headers = append(r.Headers, at(headers, i))
		r.Latencies = append(r.Latencies, at(latencies, i))
	}
}

// port takes the first source that fits an address: members took the attempts in order. Nobody knows that of one that no member took.
func (t *translation) port(dialled string) string {
	i := slices.IndexFunc(t.sources, func(s peers.Source) bool { return s.Dialled == dialled })
	if i < 0 {
		return "-"
	}
	port := t.sources[i].Port
	t.sources = t.sources[i+1:]
	return port
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "-"
}

// clientTime is from the first byte of the response to its last. What a request's body took to come is not in it.
func (l Line) clientTime() float64 {
	headers, responses := parts(l.Header), parts(l.Response)
	n := len(headers) - 1
	if n < 0 || headers[n] == "-" {
		return 0
	}
	end := seconds(at(responses, n))
	if l.Method == http.MethodGet || l.Method == http.MethodHead {
		end = seconds(l.Taken)
		for _, earlier := range responses[:min(n, len(responses))] {
			end -= seconds(earlier)
		}
	}
	return milli(max(0, end-seconds(headers[n])))
}

// milli is a time in seconds, to the millisecond.
func milli(seconds float64) float64 { return math.Round(1000*seconds) / 1000 }

// errorInfo is Azure's reason for what nginx's status and error log say.
func (l Line) errorInfo() string {
	routed := parts(l.Addr)
	switch status := whole(l.Status); {
	case status == fault.ClientGone || l.clientLeft():
		return fault.ClientClosed
	case status == http.StatusRequestTimeout && len(routed) == 0 || l.complains("client timed out"):
		return fault.ClientTimedOut
	case len(routed) == 0:
		return l.rejection(status)
	case l.answered():
		return l.brokenOff()
	case status == http.StatusGatewayTimeout:
		return fault.UpstreamTimedOut
	case !slices.ContainsFunc(routed, isAddress):
		return fault.UpstreamNoLive
	}
	return fault.UpstreamClosed
}

// isAddress tells a member from the name of a pool, which nginx notes where no member is left to try.
func isAddress(text string) bool {
	_, _, err := net.SplitHostPort(text)
	return err == nil
}

// answered reports whether the last attempt brought the head of an answer.
func (l Line) answered() bool {
	headers := parts(l.Header)
	return len(headers) > 0 && headers[len(headers)-1] != "-"
}

// clientLeft reports whether the client ended the connection under the request.
func (l Line) clientLeft() bool {
	return l.complains("client prematurely closed connection") ||
		l.complains("while sending to client") && (l.complains("Broken pipe") || l.complains("reset by peer"))
}

// brokenOff is the reason why an answer whose head had come did not come whole. nginx says "while reading upstream" of bodies alone.
func (l Line) brokenOff() string {
	for _, said := range l.errors {
		switch {
		case !strings.Contains(said, "while reading upstream"), strings.Contains(said, "sent more data than"):
			continue // not of the body, or of bytes after its end, which nginx leaves alone
		case strings.Contains(said, "timed out"):
			return fault.UpstreamTimedOut
		default:
			return fault.UpstreamClosed
		}
	}
	return fault.NoError
}

// rejection is the reason why nginx itself turned a request away.
func (l Line) rejection(status int) string {
	switch {
	case status < 400:
		return fault.NoError
	case status == http.StatusNotFound:
		return fault.InvalidHost
	case status == http.StatusMethodNotAllowed:
		return fault.InvalidTrace
	case status == http.StatusHTTPVersionNotSupported || l.complains("invalid version"):
		return fault.InvalidVersion
	case l.complains("invalid method"):
		return fault.InvalidMethod
	case l.complains("HTTP/1.1 request without \"Host\""):
		return fault.NoHostHeader
	case l.complains("invalid host"):
		return fault.InvalidHost
	case l.complains("Content-Length"):
		return fault.InvalidLength
	case status == http.StatusRequestURITooLong || l.complains("too long URI"):
		return fault.URIInvalid
	}
	return fault.InvalidRequest
}

func (l Line) complains(of string) bool {
	return slices.ContainsFunc(l.errors, func(said string) bool { return strings.Contains(said, of) })
}

// stamp is a time of nginx's log, to the millisecond.
func stamp(text string) time.Time {
	return time.UnixMilli(int64(math.Round(1000 * seconds(text)))).UTC()
}

// stretched is a row as it stands in the evidence: slower, and stamped to the second as Azure does.
func (r Row) stretched(c stretch.Clock) Row {
	r.At = c.Time(r.At).Truncate(time.Second)
	r.ClientTime, r.Taken = milli(stretch.Factor*r.ClientTime), milli(stretch.Factor*r.Taken)
	for _, list := range []*[]string{&r.Connects, &r.Headers, &r.Latencies} {
		*list = slices.Clone(*list)
		for i, text := range *list {
			(*list)[i] = stretch.Numbers(text)
		}
	}
	return r
}

// publicAddress puts addresses that clients may have in place of those of the loopback network, one for one.
func publicAddress(loopback string) string {
	ip := net.ParseIP(loopback).To4()
	switch {
	case ip == nil || ip[0] != 127:
		return loopback
	case ip[2] == 2:
		return fmt.Sprintf("198.51.100.%d", ip[3])
	}
	return fmt.Sprintf("203.0.%d.%d", 113-ip[2]%2, ip[3])
}

// sortRows puts rows in the order of their times, and within a second in that of their instances.
func sortRows(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int { return a.At.Compare(b.At) })
}
