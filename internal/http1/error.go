package http1

import "strconv"

// Kind is the rule that a message broke.
type Kind uint8

// The rules, in the order in which a head is read.
const (
	BadMethod              Kind = iota + 1 // not a token
	BadTarget                              // not one of the four forms of RFC 9112 section 3.2
	Version09                              // a request line without a version
	BadVersion                             // malformed
	UnsupportedVersion                     // well formed, neither 1.0 nor 1.1
	BadStatus                              // not three digits from 100
	BareCR                                 // CR not followed by LF
	BareLF                                 // LF not preceded by CR
	NUL                                    // a zero byte
	Obsfold                                // a line that begins with white space
	SpaceBeforeColon                       // white space between a field's name and its colon
	BadFieldName                           // empty, not a token, or without a colon
	BadFieldValue                          // a control byte
	DuplicateContentLength                 // more than one value, even the same
	BadContentLength                       // not 1*DIGIT, or above 2^63-1
	LengthAndCoding                        // Content-Length with Transfer-Encoding
	BadCoding                              // anything but one final chunked, or any coding in HTTP/1.0
	NoHost                                 // HTTP/1.1 without Host
	ManyHosts                              // more than one Host
	BadHost                                // not uri-host [ ":" port ]
	BadExpect                              // an expectation other than 100-continue
	DuplicateSingleton                     // a second value of a field that has only one
	LineTooLong                            // above Limits.Line
	HeadTooLarge                           // above Limits.Head
	TooManyFields                          // above Limits.Fields
	BadChunk                               // a chunk's size, extension or line end
	ExtensionTooLong                       // chunk extensions above their bound
	TrailerTooLarge                        // a trailer section above its bound
	kinds
)

var texts = [kinds]string{
	BadMethod:              "the method is not a token",
	BadTarget:              "the request target is malformed or not allowed with this method",
	Version09:              "the request line has no version; HTTP/0.9 is not served",
	BadVersion:             "the version is malformed",
	UnsupportedVersion:     "the version is not HTTP/1.0 or HTTP/1.1",
	BadStatus:              "the status is not a number of three digits from 100",
	BareCR:                 "a CR without LF; end lines with CRLF",
	BareLF:                 "a LF without CR; end lines with CRLF",
	NUL:                    "a NUL byte",
	Obsfold:                "a folded line; send each field on one line",
	SpaceBeforeColon:       "white space before a field's colon",
	BadFieldName:           "a field name is empty, not a token, or has no colon",
	BadFieldValue:          "a control byte in a field value",
	DuplicateContentLength: "more than one Content-Length",
	BadContentLength:       "Content-Length is not a decimal number below 2^63",
	LengthAndCoding:        "both Content-Length and Transfer-Encoding",
	BadCoding:              "a Transfer-Encoding other than one final chunked",
	NoHost:                 "no Host field",
	ManyHosts:              "more than one Host field",
	BadHost:                "Host is not a name or address with an optional port",
	BadExpect:              "an expectation other than 100-continue",
	DuplicateSingleton:     "a field that may occur once occurs twice",
	LineTooLong:            "the first line is too long",
	HeadTooLarge:           "the head is too large",
	TooManyFields:          "too many fields",
	BadChunk:               "malformed chunked framing",
	ExtensionTooLong:       "the chunk extensions are too long",
	TrailerTooLarge:        "the trailer section is too large",
}

// String names the rule.
func (k Kind) String() string {
	if k == 0 || k >= kinds {
		return "kind " + strconv.Itoa(int(k))
	}
	return texts[k]
}

// An Error is a broken rule. It belongs to the value that returned it and is valid until that is used again; keep the Kind.
type Error struct {
	Kind   Kind
	Offset int // bytes from the start of the message to where the parser noticed
}

func (e *Error) Error() string {
	return "parse message: " + e.Kind.String() + " (at byte " + strconv.Itoa(e.Offset) + ")"
}

// Status is the answer to a request that broke the rule: 400, 414, 417, 431 or 505. A response that broke it is a 502.
func (e *Error) Status() int {
	switch e.Kind {
	case LineTooLong:
		return 414
	case BadExpect:
		return 417
	case HeadTooLarge, TooManyFields, TrailerTooLarge:
		return 431
	case UnsupportedVersion:
		return 505
	}
	return 400
}
