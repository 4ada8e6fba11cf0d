package api

import (
	"context"
	"net/http"

	"beian/tasks"
)

type reviewPictureInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	ID      string `path:"id" maxLength:"64" doc:"Of a document of the review."`
	Page    int    `query:"page" minimum:"1" maximum:"50" default:"1"`
}

func (s *Server) reviewPictureRoutes(one string) {
	if s.parts.Watermark == nil {
		return
	}
	register(s, operation{id: "read-review-picture", method: http.MethodGet, path: one + "/documents/{id}", tag: "reviews",
		summary: "api.op.read_review_picture", who: deciders,
		doc: "One page as JPEG, with who asks and when drawn over it. Each answer is a row of the journal and counts as opened, which an approval needs."},
		s.readReviewPicture)
}

// readReviewPicture hands one page out as the console does: the journal knows of it
// before it leaves, and a copy tells who took it (V5, trust.md).
func (s *Server) readReviewPicture(ctx context.Context, in *reviewPictureInput) (*fileOutput, error) {
	receipt, err := parseReceipt(in.Receipt)
	if err != nil {
		return nil, err
	}
	picture, err := s.parts.Reviews.OpenPicture(ctx, tasks.Picture{Receipt: receipt, DocumentID: in.ID, Page: in.Page}, staffOf(ctx))
	if err != nil {
		return nil, err
	}
	picture, err = s.parts.Watermark(picture, callOf(ctx).session.Login, receipt, s.parts.Catalog.Date(s.parts.Calendar.now()))
	return &fileOutput{Type: "image/jpeg", Cache: "no-store", Name: "inline", Body: picture}, err
}
