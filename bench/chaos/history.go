package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"causeway/bench/counted"
	"causeway/internal/units"
)

// history is what happened.
type history struct{ all []happened }

type happened struct {
	name       string
	begin, end time.Time
	harm       int // clients that it may have hit, at most
}

func (h *history) add(name string, begin, end time.Time, harm int) {
	h.all = append(h.all, happened{name, begin, end, harm})
}

// late is how long after a kill a client may notice it.
const late = time.Second

// row is one line of the table: a kind of event.
type row struct {
	times, hit, failed int
	longest            time.Duration
}

// judge prints what happened and what it cost, and fails if more failed than the connections of what was killed.
func (h *history) judge(w io.Writer, c counted.Counts) error {
	rows := map[string]*row{}
	for _, e := range h.all {
		r := rows[e.name]
		if r == nil {
			r = &row{}
			rows[e.name] = r
		}
		r.times++
		r.hit += e.harm
		r.longest = max(r.longest, e.end.Sub(e.begin))
	}
	unexplained := h.explain(c.Failed, rows)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EVENT\tTIMES\tCLIENTS HIT AT MOST\tREQUESTS FAILED\tLONGEST")
	for _, name := range units.SortedKeys(rows) {
		r := rows[name]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%v\n", name, r.times, r.hit, r.failed, r.longest.Round(time.Millisecond))
	}
	t.Flush()
	fmt.Fprintf(w, "%d requests answered on %d connections, %d failed, %d of them without a kill; slowest answer %v\n",
		c.Answered, c.Opened, len(c.Failed), len(unexplained), c.Slowest.Round(time.Millisecond))
	var failed error
	if len(unexplained) > 0 {
		failed = fmt.Errorf("%d requests failed that nothing explains, the first %v, during or after %s", len(unexplained), unexplained[0],
			h.before(unexplained[0].At))
	}
	if c.Answered == 0 {
		failed = errors.Join(failed, errors.New("nothing was answered"))
	}
	return failed
}

// explain counts failures for the kill that they follow, as many for each as clients may have been on its victim.
func (h *history) explain(failures []counted.Failure, rows map[string]*row) (unexplained []counted.Failure) {
	left := make([]int, len(h.all))
	for i, e := range h.all {
		left[i] = e.harm
	}
	for _, f := range failures {
		i := slices.IndexFunc(h.all, func(e happened) bool {
			return e.harm > 0 && !f.Connect && !f.At.Before(e.begin) && f.At.Before(e.begin.Add(late))
		})
		if i < 0 || left[i] == 0 {
			unexplained = append(unexplained, f)
			continue
		}
		left[i]--
		rows[h.all[i].name].failed++
	}
	return unexplained
}

// before is the last event that had begun by then.
func (h *history) before(at time.Time) string {
	last := "nothing"
	for _, e := range h.all {
		if !e.begin.After(at) {
			last = fmt.Sprintf("%s, from %s to %s", e.name, e.begin.Format("05.000"), e.end.Format("05.000"))
		}
	}
	return last
}
