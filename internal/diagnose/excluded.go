package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// say notes what was left out.
func say(l *traffic.Excluded, c *inference.Case) {
	for _, text := range l.Notes {
		c.Assume(text)
	}
	if names := units.SortedKeys(l.Others); len(names) > 0 {
		var list []string
		for _, name := range names {
			list = append(list, fmt.Sprintf("%s (%d)", name, l.Others[name]))
		}
		c.Assume(fmt.Sprintf("only records of %s are counted; left out are those of %s: diagnose them with --gateway NAME and their own document", l.Gateway, strings.Join(list, ", ")))
	}
	var together []string
	for _, id := range units.SortedKeys(c.Traffic.Gateways) {
		if name := traffic.GatewayIn(id); name != "" && !slices.Contains(together, strings.ToLower(name)) {
			together = append(together, strings.ToLower(name))
		}
	}
	if len(together) > 1 {
		c.Assume(fmt.Sprintf("the records are of %d gateways (%s) and are diagnosed together: --gateway NAME takes those of one",
			len(together), strings.Join(together, ", ")))
	}
}
