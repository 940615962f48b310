package accesslog

import (
	"bytes"
	"encoding/json"
	"time"
)

// LostCategory is the category of the line that says how many records a log lacks.
const LostCategory = "CausewayLostRecords"

// Lost is a gap in a log: so many records that belong between two times could not be kept.
type Lost struct {
	Records     int64
	From, Until time.Time
	ResourceID  string // of the gateway, as it stands in the log
}

type lostLine struct {
	Time       time.Time `json:"time"`
	ResourceID string    `json:"resourceId"`
	Operation  string    `json:"operationName"`
	Category   string    `json:"category"`
	Properties lostSpan  `json:"properties"`
}

type lostSpan struct {
	Records int64     `json:"lostRecords"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
}

// appendLost writes a gap as one line of JSON.
func appendLost(b []byte, resource string, records int64, from, until time.Time) []byte {
	line, err := json.Marshal(lostLine{
		until.UTC().Truncate(time.Second), resource, "ApplicationGatewayAccess", LostCategory,
		lostSpan{records, from.UTC().Truncate(time.Millisecond), until.UTC().Truncate(time.Millisecond)},
	})
	if err != nil { // times beyond the year 9999
		return b
	}
	return append(append(b, line...), '\n')
}

// DecodeLost reads the line of a gap; ok is false for any other line.
func DecodeLost(line []byte) (l Lost, ok bool) {
	if !bytes.Contains(line, []byte(LostCategory)) {
		return l, false
	}
	var v lostLine
	if json.Unmarshal(line, &v) != nil || v.Category != LostCategory || v.Properties.Records <= 0 {
		return l, false
	}
	return Lost{v.Properties.Records, v.Properties.From, v.Properties.Until, v.ResourceID}, true
}
