package traffic

import (
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/stats"
)

// MemberStats is what is known of a member's traffic.
type MemberStats struct {
	Pool          string // for which it was last tried
	Gateway       *int   // that last tried it
	Attempts      int
	Answered      int // attempts with a status
	Errors        int // attempts with a status of 5xx
	Looped        int // attempts that came back as requests to the gateway itself
	Gaps          Gaps
	Tried         *stats.Timeline // attempts
	Answers       *stats.Timeline
	Fresh         *stats.Timeline // answers on connections that were new
	Waits         stats.Histogram // request sent to first byte, of answered attempts
	Connect       stats.Histogram // connections made
	Hint          time.Duration   // idle limit announced, last seen; Unset: none
	MostUses      int             // of a connection when an attempt on it was answered
	Oldest        time.Duration   // connection on which an attempt was answered, at its end
	Longest       time.Duration   // idle age of a connection on which an attempt was answered
	Mix           RouteMix
	HeadsAnswered int   // answers to requests that have no body
	LongestHead   int64 // bytes of the longest head that HeadsAnswered counts
	Shared        bool  // several pools or gateways use it: no other member is its equal
	Long          longAnswers
}

// answer notes an answer. later: what its connection was is not known yet.
func (m *MemberStats) answer(r *accesslog.Record, a *accesslog.Attempt, later bool) {
	m.Answered++
	if a.Status >= 500 {
		m.Errors++
	}
	m.seeHead(r)
	end := endOf(r)
	m.Answers.Add(end)
	m.Long.see(r.Start, end)
	if !later {
		m.answeredOn(a, end, true)
	}
	if wait, ok := waitOf(r, a); ok {
		m.Waits.Add(wait)
	}
}

// answeredOn notes on what connection an answer came that ended at a time; count: one on a new connection is not counted yet.
func (m *MemberStats) answeredOn(a *accesslog.Attempt, end time.Time, count bool) {
	if a.Reused {
		m.MostUses = max(m.MostUses, a.Uses)
		m.Oldest = max(m.Oldest, a.Age+max(a.Total, 0))
		m.Longest = max(m.Longest, a.Idle)
	} else if count {
		m.Fresh.Add(end)
	}
}

// Member returns the stats of a member; beyond maxMembers all further ones under the same settings share one. Of a member
// that the records do not name it returns stats without traffic.
func (s *Summary) Member(k MemberKey) *MemberStats {
	if m := s.Members[k]; m != nil {
		return m
	}
	if m := s.Members[otherMembers(k)]; m != nil && len(s.Members) >= maxMembers {
		return m
	}
	return newMemberStats(s.Clock.EmptyTimeline)
}

// memberFor is Member while the records are read: it adds the member.
func (s *Summary) memberFor(k MemberKey) *MemberStats {
	m := s.Members[k]
	if m == nil {
		if len(s.Members) >= maxMembers {
			k = otherMembers(k)
			if m = s.Members[k]; m != nil {
				return m
			}
		}
		m = newMemberStats(s.Clock.NewTimeline)
		s.Members[k] = m
	}
	return m
}

func otherMembers(k MemberKey) MemberKey { return MemberKey{Settings: k.Settings, Member: "(other)"} }

func newMemberStats(timeline func() *stats.Timeline) *MemberStats {
	return &MemberStats{Hint: accesslog.Unset, Tried: timeline(), Answers: timeline(), Fresh: timeline()}
}

// FastFor is the time after a request within which the end of its connection came sooner than any handler could have answered.
func (m *MemberStats) FastFor() time.Duration {
	if m.Waits.N < EnoughAnswers {
		return 50 * time.Millisecond
	}
	return max(2*m.Waits.Quantile(0.02), 20*time.Millisecond)
}

// HeadOnly reports whether requests of a method usually have no body, so that what was received is their head.
func HeadOnly(method string) bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS", "DELETE"}, method)
}

// seeHead notes the head of a request that a member answered.
func (m *MemberStats) seeHead(r *accesslog.Record) {
	if HeadOnly(string(r.Method)) {
		m.HeadsAnswered++
		m.LongestHead = max(m.LongestHead, r.Received)
	}
}
