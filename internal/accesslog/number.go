package accesslog

import (
	"bytes"
	"strings"
)

// numberName is a field that holds a number, or one for each attempt, as messages name it.
type numberName struct {
	field Field
	name  string
	many  bool
}

// Fields of an access record that hold numbers: those without which a row is useless, and the others.
var (
	coreNumbers = []numberName{{Status, "httpStatus", false}, {Taken, "timeTaken", false}, {SessionTime, "sessionTime", false}}
	sideNumbers = []numberName{
		{ServerStatus, "serverStatus", true},
		{Latency, "serverResponseLatency", true},
		{ConnectTime, "serverConnectTime", true},
		{HeaderTime, "serverHeaderTime", true},
		{Sent, "sentBytes", false},
		{Received, "receivedBytes", false},
	}
	performanceNumbers = []numberName{
		{Healthy, "healthyHostCount", false},
		{Unhealthy, "unHealthyHostCount", false},
		{Requests, "requestCount", false},
		{Failed, "failedRequestCount", false},
		{Throughput, "throughput", false},
		{AverageLatency, "latency", false},
	}
)

// NoNumber names a field of a row that should hold a number and holds something else; empty if all do. Read as 0 it would
// change what a diagnosis finds. whole reports that the row is useless without it.
func (r *Row) NoNumber() (name string, whole bool) {
	if r.Kind() == PerformanceCategory {
		return r.noNumber(performanceNumbers), true
	}
	if name := r.noNumber(coreNumbers); name != "" {
		return name, true
	}
	if !credible(r.values[Taken]) {
		return "timeTaken", true
	}
	return r.noNumber(sideNumbers), false
}

// longestPlain is the length of a text that is a credible time whatever its digits are.
const longestPlain = 9

// credible reports whether a time of a request, of either generation, is one that can have passed.
func credible(text []byte) bool {
	if len(text) <= longestPlain && !bytes.ContainsAny(text, "-eE") {
		return true
	}
	return secondsOf(text) != Unset || isNothing(text)
}

func (r *Row) noNumber(fields []numberName) string {
	for i := range fields {
		text := r.values[fields[i].field]
		if len(text) == 0 || isNumber(text, fields[i].many) || isNothing(text) {
			continue
		}
		return fields[i].name
	}
	if len(fields) == len(sideNumbers) && r.tooMany(Latency) {
		return "serverResponseLatency"
	}
	return ""
}

// tooMany reports whether a field holds two values where one server was asked: a comma before decimals looks like that.
func (r *Row) tooMany(f Field) bool {
	return bytes.IndexByte(r.values[f], ',') >= 0 && len(r.values[Server]) > 0 && bytes.IndexByte(r.values[Server], ',') < 0 &&
		!bytes.Contains(r.values[Server], []byte(" : "))
}

// isNumber reports whether a text is a number, or several where there may be some. It is asked for every row, so it looks
// at each byte and no more.
func isNumber(text []byte, many bool) bool {
	digits, points := false, 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits = true
		case c == '.':
			if points++; points > 1 && !many {
				return false
			}
		case c == '-' || c == '+' || (c == 'e' || c == 'E') && digits:
		case many && (c == ',' || c == ':' || c == ' '):
			points = 0
		default:
			return false
		}
	}
	return digits || many
}

// isNothing reports whether a text stands for no value.
func isNothing(text []byte) bool {
	switch strings.ToLower(strings.Trim(string(text), " ,:-")) {
	case "", "null", "nil", "none", "nan", "n/a", "na", "(null)", "<null>", `\n`, "undefined":
		return true
	}
	return false
}
