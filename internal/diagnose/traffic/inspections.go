package traffic

import (
	"slices"
	"strings"

	"causeway/internal/accesslog"
)

// inspections are the rules of the firewall that had a part in requests, by transaction.
type inspections struct{ ByTransaction map[[16]byte]*inspection }

// inspection is what the firewall did with one request: the rule that ended it, if one did, and those that matched before.
type inspection struct {
	BlockedBy string
	Matched   []string
}

const (
	maxInspections = 1 << 18
	maxMatched     = 16 // rules of one request
)

func (x *inspections) see(f *accesslog.Firewall) {
	i := x.ByTransaction[f.Transaction]
	if i == nil {
		if len(x.ByTransaction) >= maxInspections {
			return
		}
		if x.ByTransaction == nil {
			x.ByTransaction = map[[16]byte]*inspection{}
		}
		i = &inspection{}
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
