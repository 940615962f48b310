package http1

import "strconv"

// AppendRequestLine appends a request line of HTTP/1.1.
func AppendRequestLine(dst, method, target []byte) []byte {
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	return append(dst, " HTTP/1.1\r\n"...)
}

// AppendTarget appends the target in the form that an origin server expects: "/path?query", or "*".
func (r *Request) AppendTarget(dst []byte) []byte {
	if r.Form == AuthorityForm || r.Form == AsteriskForm {
		return append(dst, r.Target...)
	}
	if r.Form == AbsoluteForm && string(r.Method) == "OPTIONS" && &r.Path[0] == &slash[0] && r.Query == nil {
		return append(dst, '*') // RFC 9112 section 3.2.4
	}
	dst = append(dst, r.Path...)
	if r.Query == nil {
		return dst
	}
	return append(append(dst, '?'), r.Query...)
}

// AppendStatusLine appends a status line of HTTP/1.1. status is 100 to 999; reason may be empty.
func AppendStatusLine(dst []byte, status int, reason []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = append(dst, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10), ' ')
	dst = append(dst, reason...)
	return append(dst, "\r\n"...)
}

// AppendField appends one field line. The caller vouches for name and value: see ValidName and ValidValue.
func AppendField[N, V string | []byte](dst []byte, name N, value V) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// AppendLength appends a Content-Length of n >= 0 bytes. It is always written anew: digits that a sender padded with
// zeros, some servers read as octal.
func AppendLength(dst []byte, n int64) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}

// AppendFields appends the lines of all fields that are not in drop, nor Nominated. Neighbours that lie in their buffer
// as they will on the wire are copied in one piece; others are written anew.
func AppendFields(dst []byte, list []Field, drop Set) []byte {
	drop |= 1 << Nominated
	for i := 0; i < len(list); {
		f := &list[i]
		i++
		if drop.Has(f.ID) {
			continue
		}
		n := f.lineLen()
		if n == 0 {
			dst = AppendField(dst, f.Name, f.Value)
			continue
		}
		line := f.Name[:cap(f.Name)]
		for i < len(list) && n < len(line) && !drop.Has(list[i].ID) && &list[i].Name[0] == &line[n] {
			k := list[i].lineLen()
			if k == 0 {
				break
			}
			n += k
			i++
		}
		dst = append(dst, line[:n]...)
	}
	return dst
}

// lineLen is the length of the field's line if it lies in its buffer as "name: value CRLF", and 0 otherwise.
func (f *Field) lineLen() int {
	n, v := len(f.Name), len(f.Value)
	end := n + 2 + v + 2
	if n == 0 || v == 0 || cap(f.Name) < end {
		return 0
	}
	line := f.Name[:end]
	if &line[n+2] != &f.Value[0] || line[n] != ':' || line[n+1] != ' ' || line[end-2] != '\r' || line[end-1] != '\n' {
		return 0
	}
	return end
}

// ValidName reports whether s may be the name of a field.
func ValidName(s []byte) bool { return len(s) > 0 && run(s, isToken) == len(s) }

// LastChunk ends a chunked body without trailers.
const LastChunk = "0\r\n\r\n"

// ChunkEnd follows the data of a chunk. It may be sent in front of what comes next.
const ChunkEnd = "\r\n"

// AppendChunkHead appends the size line of a chunk of n > 0 bytes.
func AppendChunkHead(dst []byte, n int) []byte {
	dst = strconv.AppendUint(dst, uint64(n), 16)
	return append(dst, "\r\n"...)
}

// AppendTrailers appends the last chunk and a trailer section.
func AppendTrailers(dst []byte, trailers []Field) []byte {
	dst = append(dst, "0\r\n"...)
	for i := range trailers {
		dst = AppendField(dst, trailers[i].Name, trailers[i].Value)
	}
	return append(dst, "\r\n"...)
}
