package evidence

// LooksLikeID reports whether a part of a path is an id and not a name: mostly digits, or long and hexadecimal. A diagnosis
// folds such parts, so that one route is one, and redaction keeps them apart from names. The version of an interface, such as v2, is a
// name.
func LooksLikeID(s []byte) bool {
	if len(s) <= 3 && len(s) > 1 && s[0] == 'v' {
		return false
	}
	digits, hexes := 0, 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
			hexes++
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F', c == '-':
			hexes++
		}
	}
	return digits > 0 && 2*digits >= len(s) || len(s) >= 16 && digits > 0 && hexes == len(s)
}
