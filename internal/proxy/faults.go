package proxy

import (
	"errors"
	"io"
	"net"
	"os"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// faultOf maps a failed operation on a member's connection.
func faultOf(err error, phase fault.Phase, reused bool) *fault.Fault {
	return new(fault.Of(err, phase, reused))
}

// clientFault maps a failed operation on the client's connection; kind applies unless a timer ran out. A connection that
// is closed already was ended by the gateway itself, at the end of a drain.
func clientFault(err error, phase fault.Phase, kind fault.Kind) *fault.Fault {
	switch {
	case errors.Is(err, net.ErrClosed):
		return &fault.Fault{Side: fault.Gateway, Phase: phase, Kind: fault.Closed, Detail: "the time to drain was over"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		kind = fault.Timeout
	}
	return &fault.Fault{Side: fault.Client, Phase: phase, Kind: kind}
}

// uploadFault maps a failed read of the request body. A client that ends its body early is at fault itself; the member
// bears none of the blame.
func uploadFault(err error) *fault.Fault {
	f := clientFault(err, fault.Upload, fault.Reset)
	var broken *http1.Error
	switch {
	case errors.As(err, &broken):
		f.Kind, f.Detail = fault.Malformed, broken.Kind.String()
	case errors.Is(err, errBodyTooBig):
		f.Kind = fault.BodyTooBig
	case errors.Is(err, io.EOF):
		f.Kind = fault.Truncated
	}
	return f
}

// requestFault maps a broken rule of HTTP/1.1 in a request.
func requestFault(k http1.Kind) fault.Kind {
	switch k {
	case http1.BadMethod:
		return fault.BadMethod
	case http1.BadTarget:
		return fault.BadURI
	case http1.Version09:
		return fault.Version09
	case http1.BadVersion, http1.UnsupportedVersion:
		return fault.BadVersion
	case http1.NoHost:
		return fault.MissingHost
	case http1.ManyHosts, http1.BadHost:
		return fault.BadHost
	case http1.DuplicateContentLength, http1.BadContentLength, http1.LengthAndCoding:
		return fault.BadLength
	case http1.LineTooLong:
		return fault.URITooLong
	case http1.HeadTooLarge, http1.TooManyFields:
		return fault.TooLarge
	}
	return fault.Malformed
}

// headFault maps a response head that breaks the rules.
func headFault(err error) *fault.Fault {
	f := &fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.TooLarge}
	var broken *http1.Error
	if errors.As(err, &broken) {
		f.Detail = broken.Kind.String()
		switch broken.Kind {
		case http1.HeadTooLarge, http1.LineTooLong, http1.TooManyFields:
		case http1.DuplicateContentLength, http1.BadContentLength, http1.LengthAndCoding, http1.BadCoding:
			f.Kind = fault.Ambiguous
		case http1.BadStatus, http1.BadVersion, http1.UnsupportedVersion:
			f.Kind = fault.BadStatus
		default:
			f.Kind = fault.Malformed
		}
	}
	if errors.Is(err, errInterimBytes) || errors.Is(err, errInterimRate) { // no rule forbids them: the limit is ours
		f.Side, f.Kind, f.Detail = fault.Gateway, fault.BadInterim, err.Error()
	}
	return f
}

// foreign recognises an answer in another protocol: its first bytes are in.
func foreign(f *fault.Fault, in []byte) *fault.Fault {
	if detail, ok := fault.Foreign(in); ok && f.Side == fault.Backend && f.Phase == fault.Head {
		f.Kind, f.Errno, f.Detail = fault.NotHTTP, "", detail
	}
	return f
}

// bodyFault maps a failed read of the response body.
func (a *attempt) bodyFault(err error) *fault.Fault {
	f := faultOf(err, fault.Body, a.rec.Reused)
	if errors.Is(err, io.EOF) {
		f.Kind = fault.Truncated
	}
	if errors.Is(err, conn.ErrStopped) {
		return &fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Reset}
	}
	var broken *http1.Error
	if errors.As(err, &broken) {
		f.Kind, f.Detail = fault.Malformed, broken.Kind.String()
	}
	return f
}

// deliverFault maps a failed write to the client.
func deliverFault(err error) *fault.Fault {
	if err == nil {
		return nil
	}
	return clientFault(err, fault.Deliver, fault.Reset)
}
