package lab

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"causeway/diagnose"
)

// screen is what the demo says, to people.
type screen struct {
	out   io.Writer
	fancy bool
	steps int
	said  time.Time // last line of progress without a terminal
}

const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

// in colours text where colours show.
func (s *screen) in(code, text string) string {
	if !s.fancy {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) title(text string) {
	fmt.Fprintf(s.out, "\n%s\n", s.in(bold, text))
}

func (s *screen) step(text string) {
	s.steps++
	fmt.Fprintf(s.out, "\n%s\n", s.in(bold, fmt.Sprintf("%d. %s", s.steps, text)))
}

func (s *screen) item(name, text string) {
	fmt.Fprintf(s.out, "   %-10s %s\n", name, text)
}

// progressEvery is how often a screen without a terminal gets a line.
const progressEvery = 5 * time.Second

func (s *screen) progress(t *Tally, of int, since time.Duration) {
	const width = 30
	full := width * t.Sent / max(1, of)
	line := fmt.Sprintf("   %s%s %3.0f s  %4d of %d requests  %s", strings.Repeat("█", full), strings.Repeat("░", width-full), since.Seconds(), t.Sent, of, s.failures(t))
	if s.fancy {
		fmt.Fprintf(s.out, "\r%s\x1b[K", line)
		return
	}
	if time.Since(s.said) >= progressEvery {
		s.said = time.Now()
		fmt.Fprintf(s.out, "   %3.0f s  %4d of %d requests  %s\n", since.Seconds(), t.Sent, of, s.failures(t))
	}
}

func (s *screen) failures(t *Tally) string {
	if n := t.Failed(); n > 0 {
		return s.in(red, fmt.Sprintf("%d × 502", n))
	}
	return s.in(green, "no 502")
}

func (s *screen) result(t *Tally, took time.Duration) {
	if s.fancy {
		fmt.Fprint(s.out, "\r\x1b[K")
	}
	share := 100 * float64(t.Failed()) / float64(max(1, t.Sent))
	line := fmt.Sprintf("%v in %.0f s: %.1f %% failed", t, took.Seconds(), share)
	colour := green
	if t.Failed() > 0 {
		colour = red
	}
	fmt.Fprintf(s.out, "   %s\n", s.in(colour, line))
}

// report shows what a diagnosis has found.
func (s *screen) report(r *diagnose.Report) {
	fmt.Fprintf(s.out, "   %d requests, %d failures, %d hidden by a retry\n", r.Requests, r.Failures, r.Recovered)
	if r.Verdict == nil {
		fmt.Fprintf(s.out, "   %s\n", s.in(red, "no verdict"))
	}
	for i := range r.Findings {
		s.finding(&r.Findings[i])
	}
	if u := r.Undetermined; u.Failures > 0 {
		fmt.Fprintf(s.out, "\n   %d failures undetermined; could be %s; next: %s\n", u.Failures, strings.Join(u.Rivals, ", "), u.Next)
	}
}

func (s *screen) finding(f *diagnose.Finding) {
	fmt.Fprintf(s.out, "\n   %s %s\n", s.in(red, "●"), s.in(bold, f.Cause+": "+f.Title))
	s.wrap("     ", fmt.Sprintf("member %s, pool %s: %d failures, %.0f %% of all; confidence %s", f.Scope.Member, f.Scope.Pool, f.Failures, 100*f.Share, f.Confidence))
	s.wrap("     ", f.Mechanism)
	fmt.Fprintf(s.out, "\n     %s\n", s.in(bold, "evidence"))
	for _, e := range f.Evidence {
		s.wrap("     · ", e.Fact)
	}
	fmt.Fprintf(s.out, "\n     %s\n", s.in(bold, "ruled out"))
	for _, e := range f.RuledOut {
		s.wrap("     · ", e.Cause+": "+e.Because)
	}
	fmt.Fprintf(s.out, "\n     %s\n", s.in(bold, "fixes"))
	for _, fix := range f.Fixes {
		s.wrap("     · ", fmt.Sprintf("%s: %s", fix.Side, fix.Change))
		if c := fix.Commands.Causeway; c != "" {
			s.wrap("       ", s.in(green, c))
		}
		s.wrap("       ", expected(fix.Expected, f.Failures+f.Recovered))
	}
}

func expected(e diagnose.Expected, of int) string {
	text := fmt.Sprintf("would have saved %d to %d of %d (%s)", e.Removes[0], e.Removes[1], of, e.Basis)
	if e.Removes[0] == e.Removes[1] {
		text = fmt.Sprintf("would have saved %d of %d (%s)", e.Removes[0], of, e.Basis)
	}
	if e.Note != "" {
		text += ": " + e.Note
	}
	return text
}

// wrap writes text in lines that fit a terminal; the first begins with lead, the others with as many blanks.
func (s *screen) wrap(lead, text string) {
	const width = 110
	blank := strings.Repeat(" ", len([]rune(lead)))
	for text = range slices.Values(strings.Split(text, "\n")) {
		line := lead
		for _, word := range strings.Fields(text) {
			if len([]rune(line))+len([]rune(word)) > width {
				fmt.Fprintln(s.out, strings.TrimRight(line, " "))
				line = blank
			}
			line += word + " "
		}
		fmt.Fprintln(s.out, strings.TrimRight(line, " "))
		lead = blank
	}
}

// verdict compares a load before and after a fix that was to remove between low and high of the failures.
func (s *screen) verdict(before, after *Tally, low, high int) {
	n := before.Failed()
	fmt.Fprintf(s.out, "   %-34s %s\n", "before the fix", s.in(red, fmt.Sprintf("%4d of %d failed", n, before.Sent)))
	left := fmt.Sprintf("%4d of %d", max(0, n-high), before.Sent)
	if low < high {
		left = fmt.Sprintf("%4d to %d of %d", max(0, n-high), max(0, n-low), before.Sent)
	}
	fmt.Fprintf(s.out, "   %-34s %s\n", "expected with it", left)
	colour := green
	if after.Failed() > 0 {
		colour = red
	}
	fmt.Fprintf(s.out, "   %-34s %s\n", "observed with it", s.in(colour, fmt.Sprintf("%4d of %d failed", after.Failed(), after.Sent)))
}

func (s *screen) farewell(took time.Duration) {
	fmt.Fprintf(s.out, "\n%s\n", s.in(green, fmt.Sprintf("The cause was named, the fix was applied live, the failures stopped. %.0f s in all.", took.Seconds())))
	fmt.Fprintln(s.out, "Next: put your own gateway's export in its place:  az network application-gateway show … > gateway.json")
	fmt.Fprintln(s.out, "      causeway serve --config gateway.json --port-offset 8000")
}
