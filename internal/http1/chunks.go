package http1

import "bytes"

// Bounds of what chunked framing may carry besides the data.
const (
	maxSizeDigits   = 15       // hexadecimal digits: below 2^60
	maxExtension    = 256      // bytes of the extensions of one chunk
	maxExtensions   = 16 << 10 // bytes of the extensions of all chunks
	maxTrailer      = 8 << 10  // bytes of the trailer section
	maxTrailerCount = 64
)

// Chunks follows the chunked framing of one body (RFC 9112 section 7.1). Its zero value is at the start of a body. It
// returns the data in place, and keeps only trailers.
type Chunks struct {
	state    chunkState
	left     int64 // data of this chunk yet to come, or its size while that is being read
	digits   int
	ext, all int // bytes of extensions: of this chunk, of all
	data     int64
	seen     int // bytes of the body consumed
	trailer  []byte
	fields   []Field
	bad      Error
}

type chunkState uint8

const (
	chunkSize   chunkState = iota
	chunkSpace             // bad white space before ";", which recipients must parse
	chunkExt               // after ";"
	chunkSizeLF            // CR of the size line seen
	chunkData
	chunkCR      // all data seen
	chunkLF      // and its CR
	chunkTrailer // in the trailer section
	chunkDone
	chunkBad
)

// Reset starts another body.
func (c *Chunks) Reset() {
	*c = Chunks{trailer: c.trailer[:0], fields: c.fields[:0]}
}

// Next consumes framing and then at most one span of data from p: used bytes in all; data is a slice of p. Call it until p
// is used up or Done. The error is an *Error, and permanent.
func (c *Chunks) Next(p []byte) (used int, data []byte, err error) {
	for used < len(p) {
		switch c.state {
		case chunkData:
			n := int(min(c.left, int64(len(p)-used)))
			data = p[used : used+n]
			c.Skip(int64(n))
			return used + n, data, nil
		case chunkTrailer:
			n, k := c.gather(p[used:])
			used += n
			c.seen += n
			if k != 0 {
				return used, nil, c.fail(k)
			}
		case chunkDone:
			return used, nil, nil
		case chunkBad:
			return used, nil, &c.bad
		default:
			if k := c.step(p[used]); k != 0 {
				return used, nil, c.fail(k)
			}
			used++
			c.seen++
		}
	}
	return used, nil, nil
}

// Left returns how many bytes of data come next, before any framing.
func (c *Chunks) Left() int64 {
	if c.state != chunkData {
		return 0
	}
	return c.left
}

// Skip notes that n of the Left bytes bypassed Next.
func (c *Chunks) Skip(n int64) {
	c.left -= n
	c.data += n
	c.seen += int(n)
	if c.left == 0 {
		c.state = chunkCR
	}
}

// Done reports whether the body has ended, trailer section included.
func (c *Chunks) Done() bool { return c.state == chunkDone }

// Data is the number of bytes of data so far.
func (c *Chunks) Data() int64 { return c.data }

// Trailers are the fields after the last chunk once Done, without those that would change the framing, the routing or
// the meaning of the message (RFC 9110 section 6.5.1): it drops every name that this package knows.
func (c *Chunks) Trailers() []Field { return c.fields }

func (c *Chunks) fail(k Kind) error {
	c.state = chunkBad
	c.bad = Error{Kind: k, Offset: c.seen}
	return &c.bad
}

// step consumes one byte of framing.
func (c *Chunks) step(x byte) Kind {
	switch c.state {
	case chunkSize:
		return c.size(x)
	case chunkSpace:
		if x == ';' {
			c.state = chunkExt
		} else if x != ' ' && x != '\t' {
			return BadChunk
		}
		return c.extend()
	case chunkExt:
		if x == '\r' {
			c.state = chunkSizeLF
		} else if class[x]&isValue == 0 {
			return BadChunk
		}
		return c.extend()
	case chunkCR:
		if x != '\r' {
			return BadChunk
		}
		c.state = chunkLF
		return 0
	}
	if x != '\n' {
		return BadChunk
	}
	c.begin()
	return 0
}

// begin continues after a line end: with the data, the trailers or the next size.
func (c *Chunks) begin() {
	switch {
	case c.state == chunkLF:
		c.state, c.digits, c.ext = chunkSize, 0, 0
	case c.left > 0:
		c.state = chunkData
	default:
		c.state = chunkTrailer
	}
}

func (c *Chunks) size(x byte) Kind {
	switch {
	case class[x]&isHex != 0 && c.digits < maxSizeDigits:
		c.left = c.left<<4 | int64(unhex(x))
		c.digits++
		return 0
	case c.digits == 0:
		return BadChunk
	case x == '\r':
		c.state = chunkSizeLF
		return 0
	case x == ';':
		c.state = chunkExt
		return c.extend()
	case x == ' ' || x == '\t':
		c.state = chunkSpace
		return c.extend()
	}
	return BadChunk
}

func unhex(x byte) byte {
	if x <= '9' {
		return x - '0'
	}
	return x&^0x20 - 'A' + 10
}

func (c *Chunks) extend() Kind {
	c.ext++
	c.all++
	if c.ext > maxExtension || c.all > maxExtensions {
		return ExtensionTooLong
	}
	return 0
}

// gather collects one line of the trailer section, or as much of it as there is.
func (c *Chunks) gather(p []byte) (n int, k Kind) {
	n = bytes.IndexByte(p, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(p)
	}
	if len(c.trailer)+n > maxTrailer {
		return 0, TrailerTooLarge
	}
	if whole && n == 2 && p[0] == '\r' && c.lineStart() { // the common end, which needs no buffer
		return n, c.end()
	}
	if c.trailer = append(c.trailer, p[:n]...); !whole {
		return n, 0
	}
	size := len(c.trailer)
	if size < 2 || c.trailer[size-2] != '\r' {
		return n, BareLF
	}
	if size == 2 || c.trailer[size-3] == '\n' {
		c.trailer = c.trailer[:size-2]
		return n, c.end()
	}
	return n, 0
}

func (c *Chunks) lineStart() bool {
	return len(c.trailer) == 0 || c.trailer[len(c.trailer)-1] == '\n'
}

// end reads the gathered lines.
func (c *Chunks) end() Kind {
	c.state = chunkDone
	for rest, count := c.trailer, 0; len(rest) > 0; count++ {
		n := bytes.IndexByte(rest, '\n')
		var f Field
		if k, _ := f.parse(rest[:n-1]); k != 0 {
			return k
		}
		if count == maxTrailerCount {
			return TrailerTooLarge
		}
		if f.ID == Other {
			c.fields = append(c.fields, f)
		}
		rest = rest[n+1:]
	}
	return 0
}
