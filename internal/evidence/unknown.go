package evidence

import (
	"bytes"
	"encoding/json"

	"causeway/internal/evidence/archive"
)

// What cannot be read is named as what it is where that shows, with the way to what can.

// binaries are the beginnings of files that people have beside a log.
var binaries = []struct{ begin, reason string }{
	{"\xd0\xcf\x11\xe0", "it is a workbook of old Excel (.xls), or one with a password: save it as .xlsx without one, or as CSV UTF-8"},
	{"%PDF", "it is a PDF, of which no table is read: export the data itself, as JSON or CSV"},
	{"\x89PNG", "it is a picture: export the data itself, as JSON or CSV"},
	{"\xff\xd8\xff", "it is a picture: export the data itself, as JSON or CSV"},
	{"\xd4\xc3\xb2\xa1", "it is a capture of packets, which is not read"},
	{"\x0a\x0d\x0d\x0a", "it is a capture of packets, which is not read"},
	{"ORC", "it is an ORC file: export it as Parquet, JSON or CSV"},
	{"7z\xbc\xaf", "it is a 7z archive: pack it as zip or tar.gz"},
	{"Rar!", "it is a RAR archive: pack it as zip or tar.gz"},
	{"\xfd7zXZ", "it is packed with xz: unpack it, or pack it with gzip or zstd"},
}

// binaryReason says what a binary file is.
func binaryReason(head []byte) string {
	for _, b := range binaries {
		if bytes.HasPrefix(head, []byte(b.begin)) {
			return b.reason
		}
	}
	return "it is neither text nor an archive that can be read"
}

// unknownReason says what an unrecognised text is.
func unknownReason(text []byte) string {
	head := text[:min(len(text), archive.HeadSize)]
	switch {
	case bytes.HasPrefix(head, []byte("%PDF")):
		return binaryReason(head)
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")):
		return "it is HTML or XML, perhaps a page to sign in: export the data itself, as JSON or CSV"
	case bytes.ContainsAny(head, "\t,;|") &&
		(bytes.Contains(head, []byte("AGWAccessLogs")) || bytes.Contains(head, []byte("ApplicationGatewayAccess"))):
		return "it looks like a table of the log without its heading, as az prints with -o tsv: use -o json"
	}
	return "not a recognised format (expected a log, a gateway document or an exported table)"
}

// isMapped reports whether JSON is requests of a gateway under the names of the Elastic Common Schema, without the record itself.
func isMapped(data []byte) bool {
	head := data[:min(len(data), archive.HeadSize)]
	return bytes.Contains(head, []byte("application_gateway")) && bytes.Contains(head, []byte("status_code")) &&
		bytes.Contains(head, []byte(`@timestamp`))
}

// mappedReason says what to do with such JSON.
const mappedReason = "Elastic has put its own names in place of the gateway's, and not all that a diagnosis needs has one. Export event.original, " +
	`which the integration keeps with "Preserve original event", or give the log from where Elastic got it`

// notJSONReason says why a text that looks like JSON is not a document.
func notJSONReason(data []byte, err error) string {
	d := json.NewDecoder(bytes.NewReader(data))
	var first, second json.RawMessage
	switch {
	case d.Decode(&first) != nil || d.Decode(&second) != nil:
		return "it is not valid JSON: " + reasonOf(err)
	case isMapped(data):
		return mappedReason
	}
	return "it is a sequence of JSON values, and the first holds no record of a log"
}
