// A TypeDoc plugin. Two kinds of properties need no comment of their own: in a union such as `{ kind: 'latest' } | ...`
// the one whose type is one literal says itself what it is; and the members of a shape written inline are described by
// the comment of what they are the shape of.
import { Comment, Converter, LiteralType, ReflectionKind } from 'typedoc'

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const property of project.getReflectionsByKind(ReflectionKind.Property)) {
      if (property.hasComment()) continue
      if (property.type instanceof LiteralType) property.comment = text('Tells the alternatives apart.')
      else if (property.parent?.name === '__type') property.comment = text('See the description of the whole.')
    }
  })
}

function text(words) {
  return new Comment([{ kind: 'text', text: words }])
}
