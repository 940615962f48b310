package report

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/units"
)

// idleAgesOf are the pictures of the connections that a finding speaks of.
func (p *Pictures) idleAgesOf(f *Finding) []*IdleShape {
	if p == nil || f.Cause != "c-idle-race" && f.Cause != "b-stateful-idle-drop" {
		return nil
	}
	var out []*IdleShape
	for i := range p.IdleAge {
		s := &p.IdleAge[i]
		if s.Settings == f.Scope.Settings && (f.Scope.Member == "" || s.Member == f.Scope.Member) &&
			(f.Cause == "c-idle-race") == (s.Limit > 0) {
			out = append(out, s)
		}
	}
	return out
}

// idleAges draws a bar for each idle age: what was answered, and below it what was lost.
func (p *Printer) idleAges(s *IdleShape) {
	var answered, lost []int
	for _, b := range s.Buckets {
		answered, lost = append(answered, b.Answered), append(lost, b.Lost)
	}
	text := fmt.Sprintf("     idle age 0 to %s, each bar %s", units.Seconds(inSeconds(s.end())), units.Seconds(inSeconds(s.Step)))
	if s.Limit > 0 {
		text += "; the connections end at " + units.Seconds(inSeconds(s.Limit))
	}
	p.Line(text + ":")
	p.Line(strings.TrimRight("       answered "+bars(answered), " "))
	p.Line(strings.TrimRight("       lost     "+bars(lost), " "))
}

// end of the last bucket.
func (s *IdleShape) end() float64 { return s.Step * float64(len(s.Buckets)) }

func inSeconds(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }

// bars are counts as bars of eight heights; the smallest count still shows.
func bars(counts []int) string {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	heights := []rune("▁▂▃▄▅▆▇█")
	out := make([]rune, len(counts))
	for i, n := range counts {
		if out[i] = ' '; n > 0 {
			out[i] = heights[(n*len(heights)-1)/most]
		}
	}
	return string(out)
}
