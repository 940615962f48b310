package table

import (
	"encoding/json"
	"strconv"
)

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// TextsOf are the values of a row as text.
func TextsOf(row []any) []string {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = textOf(v)
	}
	return cells
}
