package filing

// SubjectNature tells persons from organisations.
type SubjectNature string

// The natures; their strings are permanent.
const (
	NatureIndividual   SubjectNature = "individual"
	NatureOrganisation SubjectNature = "organisation"
)

// Principal is the person responsible for a subject or a website (负责人). Name is clear.
type Principal struct {
	Name  string
	Phone Phone
}

// MaskedName returns the name fit for display.
func (p Principal) MaskedName() string { return MaskPersonName(p.Name) }

// Subject is an individual or organisation that holds filings (备案主体); it
// belongs to exactly one account (A2). Name is clear: show MaskedName.
type Subject struct {
	ID          string
	ExternalID  string
	AccountID   string
	Nature      SubjectNature
	Name        string
	Certificate Certificate
	ICPNumber   ICPNumber
	Principal   Principal
}

// MaskedName returns the name masked by the way of its nature; an unknown
// nature is masked as a person, which hides more.
func (s Subject) MaskedName() string {
	if s.Nature == NatureOrganisation {
		return MaskOrganisationName(s.Name)
	}
	return MaskPersonName(s.Name)
}

// Website is a filed website of a subject (网站). DomainAccount and
// ServerAccount are the external ids of the accounts that bought domain and
// server; they may differ from the filing account (A3). Suffix is the number
// after the subject's ICP number, 0 if none was given yet.
type Website struct {
	ID            string
	ExternalID    string
	SubjectID     string
	Name          string
	Domain        Domain
	Suffix        int
	DomainAccount string
	ServerAccount string
	Principal     Principal
}

// Record kinds; their strings are permanent.
const (
	RecordDocument = "document"
	RecordReview   = "review"
)

// Record is an uploaded document or a review record of the filing system, which moves with its subject (T9).
type Record struct {
	ID         string
	ExternalID string
	SubjectID  string
	AccountID  string
	Kind       string
	Title      string
}
