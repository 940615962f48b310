package report

import (
	"fmt"
	"math"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/units"
)

// Headline is the verdict in a sentence.
func (r *Report) Headline() string {
	switch v := r.Verdict; {
	case v != nil && r.Failures > 0:
		return fmt.Sprintf("%s%s: %s (%s). Confidence: %s.", r.shareText(), r.whereText(), v.Title, v.Cause, v.Confidence)
	case v != nil:
		return fmt.Sprintf("No request failed, but retries hid %d failed attempts. Cause: %s (%s). Confidence: %s.", r.Recovered, v.Title,
			v.Cause, v.Confidence)
	case r.onlyUsual() && r.Recovered > r.Failures:
		return r.hiddenText()
	case r.Failures > 0 && r.Where != nil && 2*r.Where.Failures > r.worthActing():
		return r.placeText()
	case r.Failures > 0 && r.Failures == r.Undetermined.Failures:
		return fmt.Sprintf("%s, and the evidence does not tell the cause.%s What it may be, and what to do next, is below.",
			units.Count(r.Failures, "request failed", "requests failed"), r.kindText())
	case r.Failures == 0 && r.Recovered > 0:
		return recoveredText(r)
	case r.Failures > 0 && r.Undetermined.Failures == 0:
		return fmt.Sprintf("%s; no one cause stands out.%s What is known of the cause is below.",
			units.Count(r.Failures, "request failed", "requests failed"), r.kindText())
	case 2*r.Undetermined.Failures > r.Failures:
		return fmt.Sprintf("The evidence does not tell the cause of %d of %d failed requests.%s What it may be, and what to do next, is below.",
			r.Undetermined.Failures, r.Failures, r.kindText())
	case r.Failures > 0:
		return fmt.Sprintf("%d requests failed; no one cause stands out.%s %d are explained below; of %d the evidence does not tell the cause, and says what to do next.",
			r.Failures, r.kindText(), r.Failures-r.Undetermined.Failures, r.Undetermined.Failures)
	case r.Requests > 0 && r.Unlogged > 0:
		return fmt.Sprintf("The access log has no failed request, but the gateway counted %s in its time: the log lacks them.",
			units.Count(r.Unlogged, "answer with a 5xx", "answers with a 5xx"))
	case r.Requests > 0:
		for _, n := range r.Notices {
			switch n.Cause {
			case "i-waf-block-misread":
				return "No request failed, but the firewall refused some: " + n.Fact + "."
			case "h-goroutine-or-lock-stall":
				return "No request in the records failed, but " + n.Fact + "."
			}
		}
		return "No request failed."
	case r.excluded() != "":
		return r.excluded()
	case r.MetricsSummary != nil:
		return r.MetricsSummary.headline()
	}
	return r.standing() + "There are no requests in this evidence."
}

// shareText is how many of the failures the verdict explains, as the beginning of a sentence.
func (r *Report) shareText() string {
	switch {
	case r.Verdict.Share < 1:
		return fmt.Sprintf("%.0f %% of %s", math.Min(100*r.Verdict.Share, 99), units.Count(r.Failures, "failed request", "failed requests"))
	case r.Failures == 1:
		return "The one failed request"
	}
	return fmt.Sprintf("All %d failed requests", r.Failures)
}

// onlyUsual reports whether clients saw no failures but those that every gateway has.
func (r *Report) onlyUsual() bool {
	n := 0
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Failures > 0 {
			if n++; !f.Usual {
				return false
			}
		}
	}
	return n > 0 && r.Undetermined.Failures == 0
}

// hiddenText is the headline where what retries hid is worth more than the few failures that clients saw.
func (r *Report) hiddenText() string {
	place := ""
	if r.Where != nil && r.Where.Confidence != Low {
		place = ", " + r.Where.short()
	}
	likely := ""
	for i := range r.Undetermined.Groups {
		if g := &r.Undetermined.Groups[i]; 2*g.Recovered > r.Recovered && len(g.Rivals) > 0 {
			if c := cause.Find(g.Rivals[0].Cause); c != nil {
				likely = fmt.Sprintf(" Likeliest cause, not proven: %s (%s).", c.Title, c.ID)
			}
		}
	}
	return fmt.Sprintf("Retries hid %s%s.%s%s Clients saw %s, of the sort that every gateway has.",
		units.Count(r.Recovered, "failed attempt", "failed attempts"), place, r.kindText(), likely,
		units.Count(r.Failures, "failure", "failures"))
}

// excluded says that there are requests, and that none of them was asked for; empty where there are none.
func (r *Report) excluded() string {
	var parts []string
	if x := r.Read.OutsideWindow; x.Requests > 0 {
		parts = append(parts, fmt.Sprintf("None of the %d requests in this evidence lies in the requested window: they run from %s to %s.",
			x.Requests, x.From, x.To))
	}
	if others := r.Read.OtherGateways; len(others) > 0 && r.Requests == 0 {
		n := 0
		for _, k := range others {
			n += k
		}
		parts = append(parts, fmt.Sprintf("None of %d requests in this evidence is of the requested gateway: they are of %s.", n,
			strings.Join(units.SortedKeys(others), ", ")))
	}
	return strings.Join(parts, " ")
}

// whereText is the place of the failures that the verdict explains, for the middle of a sentence; empty where they have none.
func (r *Report) whereText() string {
	if r.Where == nil || r.Where.Confidence == Low || r.Cause == nil || 10*r.Where.Failures < 8*r.Cause.Failures {
		return ""
	}
	return ", " + r.Where.short()
}

// placeText says where the failures lie and what kind they are, where the cause is open.
func (r *Report) placeText() string {
	w := r.Where
	text := fmt.Sprintf("%d of %s: %s", w.Failures, units.Count(w.Of, "failed request", "failed requests"), w.short())
	if rates := w.Rates(); rates != "" {
		text += "; " + rates
	}
	return text + "." + r.kindText()
}

// kindText says what kind most failures are, and the likeliest cause of the largest group that is open; it begins with a space.
func (r *Report) kindText() string {
	text, k := "", r.FailureKind
	if k != nil && len(k.Kinds) <= 3 && len(k.Kinds) > 0 {
		text = " " + upperFirst(k.Text()) + "."
	}
	if c := cause.Find(r.likeliest()); c != nil {
		text += fmt.Sprintf(" Likeliest cause, not proven: %s (%s).", c.Title, c.ID)
	}
	return text
}

// worthActing is the number of failures without those that every gateway has, where something else is behind the rest.
func (r *Report) worthActing() int {
	if r.FailureKind == nil {
		return r.Failures
	}
	return r.FailureKind.Of
}

// likeliest is the id of the cause that more than half of the failures worth acting on may have before all others: by a suspicion, or by an
// open group; empty where there is none.
func (r *Report) likeliest() string {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Confidence == Low && 2*f.Failures > r.worthActing() {
			return f.Cause
		}
	}
	for i := range r.Undetermined.Groups {
		if g := &r.Undetermined.Groups[i]; 2*g.Failures > r.worthActing() && len(g.Rivals) > 0 && g.Rivals[0].Cause != "k-empty-evidence" {
			return g.Rivals[0].Cause
		}
	}
	return ""
}

// sampled says that not every failure was looked at, and what that means for the numbers; empty if each was.
func (r *Report) sampled() string {
	if r.Read.Sampled <= 1 {
		return ""
	}
	return fmt.Sprintf("There are too many failures to look at each, so the report rests on an even sample of one in %d. Counts of findings, groups and savings are scaled to all failures; facts and steps count the sampled ones.", r.Read.Sampled)
}

// recoveredText is the verdict where no request failed and no one cause dominates the failed attempts that a retry hid.
func recoveredText(r *Report) string {
	var ways []string
	if n := r.Recovered - r.Steered; n > 0 {
		ways = append(ways, units.Count(n, "request went", "requests went")+" well at another attempt")
	}
	if r.Steered > 0 {
		ways = append(ways, units.Count(r.Steered, "request was", "requests were")+" sent past members that the gateway held back")
	}
	explained, open := 0, 0
	for i := range r.Findings {
		explained += r.Findings[i].Recovered
	}
	for i := range r.Undetermined.Groups {
		open += r.Undetermined.Groups[i].Recovered
	}
	text := "No request failed, but " + strings.Join(ways, ", and ") + "."
	switch {
	case explained > 0 && open > 0:
		return fmt.Sprintf("%s No one cause stands out: %d are explained below; of %d the evidence does not tell the cause, and says what to do next.", text, explained, open)
	case open > 0:
		return text + " The evidence does not tell the cause; what it may be, and what to do next, is below."
	}
	return text + " What is known of the cause is below."
}

// standing is what is wrong, or worth knowing, without a request that says so.
func (r *Report) standing() string {
	for _, s := range r.Steps {
		if s.Result == Fail {
			first, _, more := strings.Cut(s.Detail, "; ")
			if more {
				first += ", and more below"
			}
			return upperFirst(strings.TrimRight(first, ". ")) + ". "
		}
	}
	if n := len(r.Notices); n > 0 {
		return fmt.Sprintf("%s worth knowing, below. ", units.Count(n, "thing is", "things are"))
	}
	return ""
}

// totals are the counts and the time that they are of.
func (r *Report) totals() string {
	window := ""
	if r.Window.From != "" {
		window = ", " + r.Window.From + " to " + r.Window.To
	}
	if r.Sessions > 0 {
		window = fmt.Sprintf(" (%d of the requests are sessions of TCP and TLS listeners)", r.Sessions) + window
	}
	return fmt.Sprintf("%d requests, %d failed (%s), %s%s", r.Requests, r.Failures, units.Percent(r.Failures, r.Requests),
		r.recoveredText(), window)
}

// recoveredText says how much was made good, and how.
func (r *Report) recoveredText() string {
	if r.Steered == 0 {
		return fmt.Sprintf("%d recovered by a retry", r.Recovered)
	}
	return fmt.Sprintf("%d recovered (%d by a retry, %d steered away from members that were held back)", r.Recovered, r.Recovered-r.Steered,
		r.Steered)
}
