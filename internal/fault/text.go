package fault

import (
	"strconv"
	"strings"
)

// Text says in one line what happened, for logs and people.
func (f Fault) Text() string {
	if f.None() {
		return "no fault"
	}
	var b strings.Builder
	b.WriteString(f.sentence())
	if f.Errno != "" {
		b.WriteString(" (" + f.Errno + ")")
	}
	if f.Alert != 0 {
		b.WriteString(" (TLS alert " + strconv.Itoa(int(f.Alert)) + ")")
	}
	if f.Detail != "" {
		b.WriteString(": " + f.Detail)
	}
	return b.String()
}

func (f Fault) sentence() string {
	switch f.Side {
	case Client:
		return f.clientSentence()
	case Gateway:
		return f.gatewaySentence()
	}
	switch f.Phase {
	case Resolve:
		return "the name of the member has no address"
	case Connect:
		return "the connection to the member " + f.how()
	case TLS:
		return "the TLS handshake with the member " + f.how()
	case Send:
		return "while the request was being sent to the member" + f.onReused() + ", the connection " + f.how()
	case Wait:
		if f.Kind == Timeout {
			return "the member gave no answer within the request timeout"
		}
		return "the member took the request" + f.onReused() + " and the connection " + f.how() + " before any answer"
	case Head:
		return "the head of the member's response " + f.how()
	case Body:
		return "the member's response body " + f.how()
	}
	return "the member's connection " + f.how()
}

func (f Fault) onReused() string {
	if f.Reused {
		return " on a reused connection"
	}
	return ""
}

func (f Fault) how() string {
	switch f.Kind {
	case Closed:
		return "was closed"
	case Reset:
		return "was reset"
	case Refused:
		return "was refused"
	case Unreachable:
		return "found no route"
	case Timeout:
		return "ran into its timeout"
	case Malformed:
		return "was not valid"
	case Ambiguous:
		return "gives its length twice, or in two ways"
	case TooLarge:
		return "was larger than the limit"
	case Truncated:
		return "ended before its declared length"
	case Certificate:
		return "failed on the certificate"
	case Alerted:
		return "was ended by the member with an alert"
	case NotTLS:
		return "met bytes that are not TLS"
	case NotHTTP:
		return "is not HTTP/1.1"
	case BadStatus:
		return "has a status line that is none"
	case BadInterim:
		return "is not the one that was asked for"
	case Status:
		return "carried an error status of the member's own"
	}
	return "failed"
}

func (f Fault) clientSentence() string {
	switch f.Kind {
	case Closed, Reset:
		return "the client went away (" + string(f.Phase) + ")"
	case Timeout:
		return "the client did not finish sending in time"
	case Truncated:
		return "the client ended its request body before the declared length"
	case NoListener:
		return "no listener serves this host"
	case NotTLS:
		return "plain HTTP was sent to an HTTPS port"
	case Unsupported:
		return "the method is not supported"
	}
	return "the request was refused: " + string(f.Kind)
}

func (f Fault) gatewaySentence() string {
	switch f.Kind {
	case NoMember:
		return "the backend pool has no members"
	case NoHealthy:
		return "no member of the backend pool is healthy"
	case NoTarget:
		return "the rule names no backend pool"
	case Exhausted:
		return "the gateway ran out of a resource while connecting"
	case Panicked:
		return "a defect of the gateway ended the request"
	}
	return "the gateway could not serve the request: " + string(f.Kind)
}
