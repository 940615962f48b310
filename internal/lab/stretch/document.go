package stretch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
)

// timers are the properties of a document that are times, in seconds. Counts, such as the threshold of a probe, stay.
var timers = map[string]bool{"requestTimeout": true, "interval": true, "timeout": true, "drainTimeoutInSec": true}

// Document is a gateway's document with all of its timers stretched. The error says that the text is not JSON.
func Document(text []byte) ([]byte, error) {
	var doc any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("stretch the timers of a document: %w", err)
	}
	stretchTimers(doc)
	return json.MarshalIndent(doc, "", "  ")
}

func stretchTimers(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			stretchTimers(item)
		}
	case map[string]any:
		for key, value := range v {
			if n, ok := value.(json.Number); ok && timers[key] {
				v[key] = json.Number(Numbers(n.String()))
			} else {
				stretchTimers(value)
			}
		}
	}
}

// quoted is where a text of backend health quotes a timer.
var quoted = regexp.MustCompile(`(timeout threshold of )([0-9.]+)( s)`)

// HealthText is a text of backend health with the timer that it quotes stretched.
func HealthText(text string) string {
	return quoted.ReplaceAllStringFunc(text, func(s string) string {
		p := quoted.FindStringSubmatch(s)
		return p[1] + Numbers(p[2]) + p[3]
	})
}
