package traffic

import (
	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// A TCP or TLS listener passes connections on and sees no requests in them. Its log has a row for each session, with a
// status by which it ended and the server that it went to. A session lasts as long as both sides like, so its times say
// nothing about the speed of a member, and are kept apart from those of answers.

// session counts one.
func (s *Summary) session(r *accesslog.Record) {
	s.Sessions++
	f, bad := sessionFault(r)
	m := s.Line.at(r.Start)
	m.Requests++
	for i := range r.Attempts {
		place := s.place(r, &r.Attempts[i])
		place.counts.Attempts++
		place.counts.Pool, place.counts.Gateway = r.Pool, s.lastGateway
		place.counts.Tried.Add(r.Start)
		if !bad {
			place.counts.Answered++
			place.counts.Answers.Add(r.Start) // that the member was there, it showed at the beginning
		}
	}
	s.cell(r, bad)
	if bad {
		m.Failures++
	}
	e := s.failure(r, false, f, bad)
	s.expose(r, e, bad)
	s.take(r, false, e)
}

// sessionFault reads the status by which a session ended.
func sessionFault(r *accesslog.Record) (f fault.Fault, bad bool) {
	switch {
	case r.Status < 400:
		return fault.Fault{}, false
	case r.Status < 500:
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed}, true
	case r.Status == 502 && (len(r.Attempts) == 0 && r.Taken < withoutWaiting || r.ErrorInfo == fault.UpstreamNoLive):
		return fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}, true
	case r.Status == 502 && len(r.Attempts) > 0:
		return fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Closed}, true // the log does not have the reason
	case r.Status == 503:
		return fault.Fault{Side: fault.Gateway, Kind: fault.Exhausted, Detail: "the limit of connections"}, true
	}
	return fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}, true
}
