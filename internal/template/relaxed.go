package template

import "regexp"

// bareKey is a key without quotes, up to its colon; trailing is a comma that nothing follows. Both are sought outside of strings.
var (
	bareKey  = regexp.MustCompile(`^[A-Za-z_$][\w$.-]*(\s*:)`)
	trailing = regexp.MustCompile(`^,\s*[}\]]`)
)

// BodyJSON turns the body of a deployment into JSON. Azure's command line pastes the text of a template into it, as StrictJSON
// describes it, behind a key without quotes; editors leave a comma behind the last element. What is JSON already comes
// back as it is; what is neither stays wrong.
func BodyJSON(data []byte) []byte {
	data = StrictJSON(data)
	out := make([]byte, 0, len(data)+16)
	for at := 0; at < len(data); {
		rest := data[at:]
		switch key := bareKey.FindSubmatchIndex(rest); {
		case rest[0] == '"':
			n := stringLength(rest)
			out = append(out, rest[:n]...)
			at += n
		case key != nil:
			out = append(append(append(out, '"'), rest[:key[2]]...), '"')
			at += key[2]
		case trailing.Match(rest):
			at++
		case isWord(rest[0]):
			n := wordLength(rest)
			out = append(out, rest[:n]...)
			at += n
		default:
			out = append(out, rest[0])
			at++
		}
	}
	return out
}

// stringLength is the length of the string that data begins with, quotes included.
func stringLength(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// wordLength is the length of the number or name that data begins with.
func wordLength(data []byte) int {
	n := 0
	for n < len(data) && isWord(data[n]) {
		n++
	}
	return n
}
