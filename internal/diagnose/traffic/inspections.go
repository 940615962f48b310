package traffic

import (
	"slices"
	"strings"

	"causeway/internal/accesslog"
)

// Inspections are the rules of the firewall that had a part in requests, by transaction.
type Inspections struct{ ByTransaction map[[16]byte]*Inspection }

// Inspection is what the firewall did with one request: the rule that ended it, if one did, and those that matched before.
type Inspection struct {
	BlockedBy string
	Matched   []string
}

const (
	maxInspections = 1 << 18
	maxMatched     = 16 // rules of one request
)

func (x *Inspections) see(f *accesslog.Firewall) {
	i := x.ByTransaction[f.Transaction]
	if i == nil {
		if len(x.ByTransaction) >= maxInspections {
			return
		}
		if x.ByTransaction == nil {
			x.ByTransaction = map[[16]byte]*Inspection{}
		}
		i = &Inspection{}
		x.ByTransaction[f.Transaction] = i
	}
	if f.Blocked && (i.BlockedBy == "" || !OnlySums(f.Rule)) {
		i.BlockedBy = f.Rule
	}
	if f.Rule != "" && !OnlySums(f.Rule) && len(i.Matched) < maxMatched && !slices.Contains(i.Matched, f.Rule) {
		i.Matched = append(i.Matched, f.Rule)
	}
}

// OnlySums reports whether a rule only adds up what others scored: of the core rule set those that evaluate the anomaly score,
// inbound (949), outbound (959), and that report it (980). They are mandatory, and cannot be excluded.
func OnlySums(rule string) bool {
	return len(rule) == 6 && (strings.HasPrefix(rule, "949") || strings.HasPrefix(rule, "959") || strings.HasPrefix(rule, "980"))
}
