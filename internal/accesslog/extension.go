package accesslog

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"causeway/internal/fault"
)

// extension is the object `causeway`.
type extension struct {
	V        int        `json:"v"`
	Start    moment     `json:"start"`
	Rev      uint64     `json:"rev"`
	Fault    *faultJSON `json:"fault"`
	Aborted  bool       `json:"aborted"`
	IdleEnd  bool       `json:"idleEnd"`
	EndedBy  string     `json:"endedBy"`
	End      string     `json:"end"`
	Cut      string     `json:"cut"`
	Dropped  int64      `json:"dropped"`
	HeldBack string     `json:"heldBack"`
	Queued   span       `json:"queued"`
	First    bool       `json:"first"`
	Stalled  span       `json:"stalled"`
	Parent   string     `json:"parent"`
	Declared *int64     `json:"declared"`
	BodyRead int64      `json:"bodyRead"`
	Pool     string
	Settings string
	Attempts []attemptJSON
	attemptJSON
}

// moment is a time in Unix seconds, or none.
type moment struct {
	given bool
	t     time.Time
}

func (m *moment) UnmarshalJSON(b []byte) error {
	m.t, m.given = unixMicro(b)
	return nil
}

type attemptJSON struct {
	member []byte // as read from a flat object

	Member, Server                                                        string
	Port                                                                  uint16
	Status, Uses                                                          int
	Reused                                                                bool
	Idle, Age, Stale, Hint, Connect, TLS, Send, Wait, Receive, Total, RTT span
	BytesOut, BytesIn                                                     int64
	DeclaredIn, Least                                                     *int64
	Retransmits                                                           uint32
	Active, Interim                                                       int
	Ejected                                                               bool
	RetryAfter                                                            span
	Page, Presented                                                       string
	AttemptFault                                                          *faultJSON `json:"fault"`
}

// span is a time in seconds, or none.
type span struct {
	given bool
	d     time.Duration
}

func (s *span) UnmarshalJSON(b []byte) error {
	s.given, s.d = true, secondsOf(b)
	return nil
}

// orUnset is the time, or Unset.
func (s span) orUnset() time.Duration {
	if !s.given {
		return Unset
	}
	return s.d
}

type faultJSON struct {
	Side, Phase, Kind, Errno, Detail string
	Alert                            uint8
}

func (f *faultJSON) fault(reused bool) fault.Fault {
	if f == nil {
		return fault.Fault{}
	}
	return fault.Fault{
		Side: fault.Side(f.Side), Phase: fault.Phase(f.Phase), Kind: fault.Kind(f.Kind), Errno: f.Errno, Alert: f.Alert,
		Detail: f.Detail, Reused: reused,
	}
}

// decode reads the object. On a plain success it is flat, and that is most of a log: then it is read without reflection.
func (x *extension) decode(b []byte) error {
	if x.flat(b) {
		return nil
	}
	*x = extension{}
	return json.Unmarshal(b, x)
}

// flat reads an object of numbers and names only; it gives up on anything else.
func (x *extension) flat(b []byte) bool {
	s := scanner{data: b, at: 1}
	for {
		if s.space(); s.at >= len(b) {
			return false
		}
		switch b[s.at] {
		case '}':
			return true
		case ',':
			s.at++
			continue
		case '"':
		default:
			return false
		}
		key, escaped, err := s.str()
		if err != nil || escaped || s.at >= len(b) || b[s.at] != ':' {
			return false
		}
		s.at++
		if s.space(); s.at >= len(b) || b[s.at] == '{' || b[s.at] == '[' {
			return false
		}
		var value []byte
		if b[s.at] == '"' {
			if value, escaped, err = s.str(); err != nil || escaped {
				return false
			}
		} else {
			value = s.scalar()
		}
		if !x.set(key, value) {
			return false
		}
	}
}

// set takes one field of a flat object.
func (x *extension) set(key, value []byte) bool {
	t := func(s *span) { s.given, s.d = true, secondsOf(value) }
	switch string(key) {
	case "v":
		x.V = int(integerOf(value))
	case "start":
		x.Start.t, x.Start.given = unixMicro(value)
	case "rev":
		x.Rev = uint64(integerOf(value))
	case "first":
		x.First = string(value) == "true"
	case "parent":
		x.Parent = string(value)
	case "member":
		x.member = value
	case "port":
		x.Port = uint16(integerOf(value))
	case "uses":
		x.Uses = int(integerOf(value))
	case "interim":
		x.Interim = int(integerOf(value))
	case "active":
		x.Active = int(integerOf(value))
	case "retryAfter":
		t(&x.RetryAfter)
	case "page":
		x.Page = string(value)
	case "idle":
		t(&x.Idle)
	case "age":
		t(&x.Age)
	case "stale":
		t(&x.Stale)
	case "hint":
		t(&x.Hint)
	case "connect":
		t(&x.Connect)
	case "tls":
		t(&x.TLS)
	case "send":
		t(&x.Send)
	case "wait":
		t(&x.Wait)
	case "receive":
		t(&x.Receive)
	case "total":
		t(&x.Total)
	default:
		return false
	}
	return true
}

// fill puts what Causeway knows over what Azure's fields say.
func (x *extension) fill(r *Record, d *Decoder) {
	if x.Start.given {
		r.Start = x.Start.t
	}
	r.Revision, r.Aborted, r.IdleEnd, r.BodyRead = x.Rev, x.Aborted, x.IdleEnd, x.BodyRead
	r.EndedBy, r.End, r.Cut, r.Dropped, r.HeldBack, r.Queued = x.EndedBy, x.End, x.Cut, x.Dropped, x.HeldBack, max(x.Queued.orUnset(), 0)
	if x.First {
		r.ClientUses = 1
	}
	if x.Stalled.given {
		r.Stalled = x.Stalled.d
	}
	if id, err := hex.DecodeString(x.Parent); err == nil && len(id) == len(r.Parent) {
		r.Parent = [16]byte(id)
	}
	if x.Pool != "" {
		r.Pool, r.Settings = x.Pool, x.Settings
	}
	if x.Declared != nil {
		r.Declared = *x.Declared
	}
	if len(x.Attempts) > 0 {
		r.Attempts = r.Attempts[:0]
		for i := range x.Attempts {
			a := blankAttempt()
			x.Attempts[i].fill(&a, d)
			a.Reused = x.Attempts[i].Reused
			a.Fault = x.Attempts[i].AttemptFault.fault(a.Reused)
			r.Attempts = append(r.Attempts, a)
		}
	} else if n := len(r.Attempts); n > 0 {
		a := &r.Attempts[n-1]
		x.attemptJSON.fill(a, d)
		a.Reused = x.Idle.given
	}
	if n := len(r.Attempts); n > 0 {
		r.Fault = x.Fault.fault(r.Attempts[n-1].Reused)
	} else {
		r.Fault = x.Fault.fault(false)
	}
}

func (j *attemptJSON) fill(a *Attempt, d *Decoder) {
	if j.Server != "" {
		if s := d.server([]byte(j.Server)); s.at.IsValid() {
			a.Server = s.at
		}
	}
	switch {
	case len(j.member) > 0:
		a.Member = d.name(j.member)
	case j.Member != "":
		a.Member = d.name([]byte(j.Member))
	case a.Server.IsValid():
		a.Member = d.address(a.Server)
	}
	if j.Port != 0 {
		a.LocalPort = j.Port
	}
	if j.Status != 0 {
		a.Status = j.Status
	}
	a.Uses, a.BytesOut, a.BytesIn, a.Retransmits, a.Active = j.Uses, j.BytesOut, j.BytesIn, j.Retransmits, j.Active
	a.RetryAfter, a.Page, a.Presented, a.Interim, a.Ejected = j.RetryAfter.orUnset(), j.Page, j.Presented, j.Interim, j.Ejected
	if j.Least != nil {
		a.Least = int(*j.Least)
	}
	if j.DeclaredIn != nil {
		a.DeclaredIn = *j.DeclaredIn
	}
	a.Idle, a.Age, a.Stale, a.Hint = j.Idle.orUnset(), max(j.Age.orUnset(), 0), j.Stale.orUnset(), j.Hint.orUnset()
	a.Connect, a.TLS, a.Send, a.Wait, a.Receive = j.Connect.orUnset(), j.TLS.orUnset(), j.Send.orUnset(), j.Wait.orUnset(),
		j.Receive.orUnset()
	a.RTT = max(j.RTT.orUnset(), 0)
	if j.Total.given {
		a.Total = j.Total.d
	}
}

// unixMicro reads Unix seconds with exactly six decimals.
func unixMicro(b []byte) (time.Time, bool) {
	point := len(b) - 7
	if point < 1 || b[point] != '.' {
		return time.Time{}, false
	}
	sec, ok1 := digitsOf(b[:point])
	micro, ok2 := digitsOf(b[point+1:])
	if !ok1 || !ok2 || point > 12 {
		return time.Time{}, false
	}
	return time.Unix(int64(sec), int64(micro)*1000).UTC(), true
}
