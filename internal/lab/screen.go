package lab

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"causeway/internal/lab/stage"
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

// command shows what a user would type.
func (s *screen) command(line string) {
	fmt.Fprintf(s.out, "   %s\n", s.in(dim, "$ "+line))
}

func (s *screen) say(text string) { fmt.Fprintf(s.out, "   %s\n", text) }

// progressEvery is how often a screen without a terminal gets a line.
const progressEvery = 5 * time.Second

func (s *screen) progress(t *stage.Outcomes, of int, since time.Duration) {
	const width = 30
	full := width * t.Sent / max(1, of)
	line := fmt.Sprintf("   %s%s %3.0f s  %4d of %d requests  %s", strings.Repeat("█", full), strings.Repeat("░", width-full),
		since.Seconds(), t.Sent, of, s.failures(t))
	if s.fancy {
		fmt.Fprintf(s.out, "\r%s\x1b[K", line)
		return
	}
	if time.Since(s.said) >= progressEvery {
		s.said = time.Now()
		fmt.Fprintf(s.out, "   %3.0f s  %4d of %d requests  %s\n", since.Seconds(), t.Sent, of, s.failures(t))
	}
}

func (s *screen) failures(t *stage.Outcomes) string {
	if n := t.Failed(); n > 0 {
		return s.in(red, fmt.Sprintf("%d × 502", n))
	}
	return s.in(green, "no 502")
}

func (s *screen) result(t *stage.Outcomes, took time.Duration) {
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

// reportWidth is how wide a report may be to fit most terminals with its margin.
const reportWidth = 100

// page is where a report goes: behind a margin.
func (s *screen) page() io.Writer { return &margin{s: s, fresh: true} }

// margin sets every line off by a bar.
type margin struct {
	s     *screen
	fresh bool // at the start of a line
}

func (m *margin) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if m.fresh {
			if _, err := io.WriteString(m.s.out, m.s.in(dim, "   │ ")); err != nil {
				return 0, err
			}
		}
		if _, err := m.s.out.Write(line); err != nil {
			return 0, err
		}
		m.fresh = line[len(line)-1] == '\n'
	}
	return len(p), nil
}

// verdict compares a load before and after a fix that was to remove between low and high of the failures.
func (s *screen) verdict(before, after *stage.Outcomes, low, high int) {
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
	fmt.Fprintf(s.out, "\n%s\n",
		s.in(green, fmt.Sprintf("The cause was named, the fix was applied live, the failures stopped. %.0f s in all.", took.Seconds())))
	fmt.Fprintln(s.out, "Next: put your own gateway's export in its place:  az network application-gateway show … > gateway.json")
	fmt.Fprintln(s.out, "      causeway serve --config gateway.json --port-offset 8000")
}
