package validate

import (
	"fmt"
	"strconv"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// ParseStatusRange reads 200 or 200-399.
func ParseStatusRange(s string) (gateway.StatusRange, error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	lo, errLo := strconv.Atoi(strings.TrimSpace(from))
	hi, errHi := strconv.Atoi(strings.TrimSpace(to))
	if errLo != nil || errHi != nil || lo < 100 || hi > 999 || lo > hi {
		return gateway.StatusRange{}, fmt.Errorf("%s is neither a status nor a range such as 200-399", schema.Quote(s))
	}
	return gateway.StatusRange{From: lo, To: hi}, nil
}
