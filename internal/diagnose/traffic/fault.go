package traffic

import (
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// failed returns what failed of a record, if anything did: the fault that the record names or, in evidence of Azure's own,
// what error_info, statuses and times imply.
func (s *Summary) failed(r *accesslog.Record, own bool) (f fault.Fault, bad bool) {
	if !r.Fault.None() {
		return r.Fault, true
	}
	backend := 0
	if n := len(r.Attempts); n > 0 {
		backend = r.Attempts[n-1].Status
	}
	if own {
		if quiet := r.ErrorInfo == "" || r.ErrorInfo == fault.NoError; quiet && r.Status >= 500 && backend == r.Status {
			return fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Status}, true
		}
		return f, r.Aborted
	}
	if f, ok := byErrorInfo(r); ok {
		return f, true
	}
	return s.byStatus(r, backend)
}

// byErrorInfo reads error_info, the gateway's own word for what happened.
func byErrorInfo(r *accesslog.Record) (fault.Fault, bool) {
	switch r.ErrorInfo {
	case "", fault.NoError:
		return fault.Fault{}, false
	case fault.UpstreamNoLive:
		return fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}, true
	case fault.UpstreamTimedOut:
		if headSent(r) {
			return fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}, true
		}
		return fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}, true
	case fault.UpstreamClosed:
		if headSent(r) {
			return fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Closed}, true
		}
		return fault.Fault{Side: fault.Backend, Kind: fault.Closed}, true // the log does not have the phase
	}
	if f, ok := clientInfo[r.ErrorInfo]; ok {
		if r.Status == 404 {
			f.Phase, f.Kind = fault.Route, fault.NoListener
		}
		switch r.Status { // which of several limits was passed shows in it
		case 413:
			f.Kind = fault.BodyTooBig
		case 414:
			f.Kind = fault.URITooLong
		case 431:
			f.Kind = fault.TooLarge
		}
		switch {
		case r.ErrorInfo != fault.ClientClosed || r.Status == fault.ClientGone:
		case len(r.Attempts) > 0 && headSent(r) && (r.Status < 400 || r.Attempts[len(r.Attempts)-1].Status == r.Status):
			f.Phase = fault.Deliver // of a member's answer
		case r.Status >= 400:
			f.Phase, f.Kind = fault.Upload, fault.Closed // it was still there to be answered
		}
		return f, true
	}
	return fault.Fault{}, false // one that nobody has documented: its status decides
}

// headSent reports whether the head of the member's answer had been sent on: the status is then the member's. Of a client
// that had gone it is the gateway's own.
func headSent(r *accesslog.Record) bool {
	return r.Status > 0 && r.Status < 500 && r.Status != fault.ClientGone
}

// clientInfo are the words for what clients did.
var clientInfo = map[string]fault.Fault{
	fault.ClientClosed:        {Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed},
	fault.ClientTimedOut:      {Side: fault.Client, Phase: fault.Request, Kind: fault.Timeout},
	fault.InvalidMethod:       {Side: fault.Client, Phase: fault.Request, Kind: fault.BadMethod},
	fault.InvalidRequest:      {Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed},
	fault.InvalidVersion:      {Side: fault.Client, Phase: fault.Request, Kind: fault.BadVersion},
	fault.Invalid09:           {Side: fault.Client, Phase: fault.Request, Kind: fault.Version09},
	fault.InvalidHost:         {Side: fault.Client, Phase: fault.Request, Kind: fault.BadHost},
	fault.InvalidLength:       {Side: fault.Client, Phase: fault.Request, Kind: fault.BadLength},
	fault.InvalidTrace:        {Side: fault.Client, Phase: fault.Request, Kind: fault.Unsupported},
	fault.URIInvalid:          {Side: fault.Client, Phase: fault.Request, Kind: fault.BadURI},
	fault.NoHostHeader:        {Side: fault.Client, Phase: fault.Request, Kind: fault.MissingHost},
	fault.HTTPToHTTPSPort:     {Side: fault.Client, Phase: fault.Handshake, Kind: fault.NotTLS},
	"ERRORINFO_HTTPS_NO_CERT": {Side: fault.Client, Phase: fault.Handshake, Kind: fault.Certificate},
}

// withoutWaiting bounds the time that a gateway needs to answer that no member is healthy: it knows, and tries none. What took longer
// without a server in the log had another reason.
const withoutWaiting = 100 * time.Millisecond

// byStatus derives what happened where the gateway gave no word, as first-generation gateways and older logs do not.
func (s *Summary) byStatus(r *accesslog.Record, backend int) (fault.Fault, bool) {
	switch {
	case r.Status == fault.ClientGone, r.Status == 0:
		return fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}, true
	case r.Status == 408 && backend == 0:
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Timeout}, true
	case r.Status == 413 && backend == 0:
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BodyTooBig}, true
	case r.Status == 414 && backend == 0:
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.URITooLong}, true
	case r.Status == 431 && backend == 0:
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.TooLarge}, true
	case s.refusedByItself(r):
		if r.Status == 404 {
			return fault.Fault{Side: fault.Client, Phase: fault.Route, Kind: fault.NoListener}, true
		}
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed}, true
	case r.Status < 500:
		return fault.Fault{}, false
	case backend > 0:
		return fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Status}, true
	case s.atTimeout(r):
		return fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}, true
	case len(r.Attempts) == 0 && (r.Status == 501 || r.Status == 505):
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BadVersion}, true
	case len(r.Attempts) == 0 && r.Taken < withoutWaiting && r.Status != 500:
		return fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}, true
	case len(r.Attempts) > 0:
		return fault.Fault{Side: fault.Backend, Kind: fault.Closed}, true // the log does not have the phase
	}
	return fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}, true
}

// refusedByItself reports whether a first-generation gateway answered 400 or 404 itself: its rows give no reason, but name the member
// wherever one was asked. In a log that leaves it out now and then they show nothing; and a 404 is an application's unless no listener has
// the host.
func (s *Summary) refusedByItself(r *accesslog.Record) bool {
	if !r.V1 || len(r.Attempts) > 0 || len(s.Members) == 0 || s.Nameless.well > 0 {
		return false
	}
	return r.Status == 400 || r.Status == 404 && s.Names.servesNobody(string(r.OriginalHost))
}

// atTimeout reports whether a request without an answer took as long as the request timeout: on a v2 gateway 504 says
// so on its own.
func (s *Summary) atTimeout(r *accesslog.Record) bool {
	if r.Status == 504 {
		return true
	}
	limit, known := s.Timeouts[r.Settings]
	if known || r.Settings != "" {
		return limit > 0 && r.Taken >= limit-TimerBand(limit)
	}
	for _, l := range s.Timeouts { // v1 does not log the settings
		if limit = max(limit, l); (r.Taken - l).Abs() <= TimerBand(l) {
			return true
		}
	}
	return limit > 0 && r.Taken >= limit
}

// TimerBand is how far from a timer a request may end and still have ended by it: logs round, and timers fire late.
func TimerBand(limit time.Duration) time.Duration { return max(500*time.Millisecond, limit/100) }

// hidden returns how an attempt failed that another one followed, in evidence of Azure's own.
func (s *Summary) hidden(r *accesslog.Record, a *accesslog.Attempt) fault.Fault {
	limit := s.Timeouts[r.Settings]
	switch {
	case limit > 0 && a.Total >= limit-TimerBand(limit):
		return fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	case a.Connect == accesslog.Unset && a.LocalPort == 0 && !untimed(r):
		return fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Closed} // the log does not have the reason
	}
	return fault.Fault{Side: fault.Backend, Kind: fault.Closed}
}
