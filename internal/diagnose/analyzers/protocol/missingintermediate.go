package protocol

// MissingIntermediate recognises f-missing-intermediate: the member sends an incomplete chain.
var MissingIntermediate = certificate("f-missing-intermediate", "verification finds an incomplete chain",
	"the member's chain is incomplete", "cert_missing_intermediate")
