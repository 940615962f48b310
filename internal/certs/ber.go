package certs

// element is one value of ASN.1 as X.690 encodes it.
type element struct {
	head, length int  // bytes of tag and length, and of all
	ber          bool // somewhere inside it is what DER does not allow: an indefinite length, or a string in pieces
	ok           bool // it is whole
}

const maxElementDepth = 32 // a PFX has about ten levels that are not encrypted

// scanElement measures the element at the start of data, without looking at what it means.
func scanElement(data []byte, depth int) element {
	head, size, indefinite, ok := scanHead(data)
	if !ok || depth > maxElementDepth {
		return element{}
	}
	e := element{head: head, length: head + size, ber: indefinite, ok: true}
	if constructed := data[0]&0x20 != 0; !constructed {
		return element{head: head, length: head + size, ok: !indefinite && head+size <= len(data)}
	}
	universal := data[0]&0xc0 == 0
	e.ber = e.ber || universal && data[0]&0x1f != 0x10 && data[0]&0x1f != 0x11 // only sequences and sets have parts in DER
	at := head
	for indefinite || at < e.length {
		if indefinite && at+1 < len(data) && data[at] == 0 && data[at+1] == 0 {
			e.length = at + 2
			return e
		}
		if at >= len(data) {
			return element{}
		}
		inner := scanElement(data[at:], depth+1)
		if !inner.ok {
			return element{}
		}
		e.ber = e.ber || inner.ber
		at += inner.length
	}
	e.ok = at == e.length && at <= len(data)
	return e
}

// scanHead reads tag and length. The size of an indefinite length is 0.
func scanHead(data []byte) (head, size int, indefinite, ok bool) {
	if len(data) < 2 {
		return 0, 0, false, false
	}
	at := 1
	if data[0]&0x1f == 0x1f {
		for at < len(data) && data[at]&0x80 != 0 {
			at++
		}
		at++
	}
	if at >= len(data) {
		return 0, 0, false, false
	}
	n := int(data[at])
	at++
	switch {
	case n < 0x80:
		return at, n, false, true
	case n == 0x80:
		return at, 0, true, true
	}
	n &= 0x7f
	if n > 4 || at+n > len(data) {
		return 0, 0, false, false
	}
	for _, b := range data[at : at+n] {
		size = size<<8 | int(b)
	}
	return at + n, size, false, size <= len(data)
}
