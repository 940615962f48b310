package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/accesslog"
)

// inspections are the rules of the firewall that had a part in requests, by transaction.
type inspections struct{ byTransaction map[[16]byte]*inspection }

// inspection is what the firewall did with one request: the rule that ended it, if one did, and those that matched before.
type inspection struct {
	blockedBy string
	matched   []string
}

const (
	maxInspections = 1 << 18
	maxMatched     = 16 // rules of one request
)

func (x *inspections) see(f *accesslog.Firewall) {
	i := x.byTransaction[f.Transaction]
	if i == nil {
		if len(x.byTransaction) >= maxInspections {
			return
		}
		if x.byTransaction == nil {
			x.byTransaction = map[[16]byte]*inspection{}
		}
		i = &inspection{}
		x.byTransaction[f.Transaction] = i
	}
	if f.Blocked && (i.blockedBy == "" || !onlySums(f.Rule)) {
		i.blockedBy = f.Rule
	}
	if f.Rule != "" && !onlySums(f.Rule) && len(i.matched) < maxMatched && !slices.Contains(i.matched, f.Rule) {
		i.matched = append(i.matched, f.Rule)
	}
}

// onlySums reports whether a rule only adds up what others scored: of the core rule set those that evaluate the anomaly score,
// inbound (949), outbound (959), and that report it (980). They are mandatory, and cannot be excluded.
func onlySums(rule string) bool {
	return len(rule) == 6 && (strings.HasPrefix(rule, "949") || strings.HasPrefix(rule, "959") || strings.HasPrefix(rule, "980"))
}

// refusedByFirewall tells the answers 403 that the firewall made, with the rules that scored.
func (q *inquiry) refusedByFirewall() (n Notice, ok bool) {
	refused, sums, alone, scored := 0, map[string]bool{}, map[string]int{}, map[string]int{}
	for id := range q.aside.forbidden {
		i := q.inspected.byTransaction[id]
		if i == nil || i.blockedBy == "" {
			continue
		}
		refused++
		if !onlySums(i.blockedBy) { // one such as a custom rule decides by itself
			alone[i.blockedBy]++
			continue
		}
		sums[i.blockedBy] = true
		for _, rule := range i.matched {
			scored[rule]++
		}
	}
	if refused == 0 {
		return n, false
	}
	n = Notice{Cause: "i-waf-block-misread", Fact: fmt.Sprintf("%s 403 %s the firewall's, not the backend's", count(refused, "answer", "answers"), verb(refused, "is", "are"))}
	n.Do = "look these rules up in the firewall log, and exclude from them the fields that they should not look at"
	if len(alone) > 0 {
		n.Fact += "; ended by rule " + ruleCounts(alone)
	}
	if len(scored) > 0 {
		n.Fact += "; the rules that scored are " + ruleCounts(scored)
	}
	if len(sums) > 0 {
		n.Fact += fmt.Sprintf("; rule %s only adds their scores up and cannot be excluded", strings.Join(sortedKeys(sums), ", "))
	}
	if len(scored)+len(alone) == 0 {
		n.Do = "export the rows Matched of the firewall log for the same transactions: they name the rules that scored"
	}
	return n, true
}

// verb agrees with a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// ruleCounts names rules with how many requests each had a part in, the most first.
func ruleCounts(scored map[string]int) string {
	rules := sortedKeys(scored)
	slices.SortStableFunc(rules, func(a, b string) int { return cmp.Compare(scored[b], scored[a]) })
	var parts []string
	for _, r := range rules {
		parts = append(parts, fmt.Sprintf("%s (%d)", r, scored[r]))
	}
	return strings.Join(parts, ", ")
}
