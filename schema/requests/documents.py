"""Documents prepared once and kept: parsed, their cost checked, validated, their operations ready to run."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TokenKind,
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from schema.failures import Failure, FailureCode
from schema.input_errors import SafeValuesOfCorrectTypeRule, safe_syntax_error
from schema.requests.cost import Cost, CostRule
from schema.requests.execution import MakeRun, Run, interpret
from schema.requests.variables import Signature, signatures_of

# A charge has some 120 tokens, GraphiQL's introspection query some 400.
TOKENS_MAX = 2_500
COMMENTS_MAX = 500
CHARACTERS_MAX = 20_000
# Each error may look for names to suggest, which is the slowest part of validation.
ERRORS_MAX = 5
CACHED_DOCUMENTS_MAX = 1_000
CACHED_CHARACTERS_MAX = 2_000_000

_RULES = (
    *(rule for rule in specified_rules if rule is not ValuesOfCorrectTypeRule),
    SafeValuesOfCorrectTypeRule,
    MaybeNullValidationRule,
)
_NUL_ESCAPE = re.compile(r"\\u(?:0000|\{0+\})")


class InvalidDocument(Exception):
    """A document that does not parse, or is not valid against the schema."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} errors in the document")
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False)
class PreparedOperation:
    """One operation of a document, with all that does not depend on the request worked out.

    `first_key`: the response key of the field that runs first, `first_field` its name; `is_single`: that field is the
    only one. None of them counts `__typename`. `measure`: only where the cost depends on variables.
    """

    name: str | None
    is_mutation: bool
    first_key: str | None
    first_field: str | None
    is_single: bool
    signatures: tuple[Signature, ...]
    cost: Cost
    run: Run
    measure: Callable[[Mapping[str, object]], object] | None

    def check_pages(self, variables: Mapping[str, object]) -> None:
        """Raises Failure (BAD_USER_INPUT) where the pages that these variables ask for would cost too much."""
        if self.measure is not None:
            self.measure(variables)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedDocument:
    """A document that may be run as often as it is asked for."""

    operations: Mapping[str | None, PreparedOperation]

    def select(self, name: str | None) -> PreparedOperation:
        """The operation of that name, or the only one. Raises Failure where there is none."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        operation = self.operations.get(name)
        if operation is None:
            # The name that was asked for is not repeated: nothing bounds what it holds.
            raise Failure(
                FailureCode.BAD_USER_INPUT,
                "The document has several operations: name one by 'operationName'."
                if name is None
                else "The document has no operation of the name given as 'operationName'.",
            )
        return operation

    @property
    def may_mutate(self) -> bool:
        """Is any of its operations a mutation?"""
        return any(operation.is_mutation for operation in self.operations.values())


class DocumentCache:
    """Prepared documents by their text, the least recently used forgotten first; failed ones are not kept."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        introspection: bool,
        make_run: MakeRun = interpret,
        documents_max: int = CACHED_DOCUMENTS_MAX,
        characters_max: int = CACHED_CHARACTERS_MAX,
    ) -> None:
        self.hide_suggestions: Final = not introspection
        self._schema = schema
        self._core = schema._schema  # noqa: SLF001 - Strawberry offers no other way to its graphql-core schema
        self._make_run = make_run
        self._cost_rule = CostRule(self._core, introspection=introspection)
        self._documents_max = documents_max
        self._characters_max = characters_max
        self._documents: OrderedDict[str, PreparedDocument] = OrderedDict()
        self._characters = 0

    def get(self, text: str) -> PreparedDocument:
        """The document, prepared now if it was not before.

        Raises InvalidDocument, or Failure (BAD_USER_INPUT) where it would cost too much.
        """
        document = self._documents.get(text)
        if document is not None:
            self._documents.move_to_end(text)
            return document
        document = self._prepare(text)
        self._documents[text] = document
        self._characters += len(text)
        while len(self._documents) > self._documents_max or self._characters > self._characters_max:
            forgotten, _ = self._documents.popitem(last=False)
            self._characters -= len(forgotten)
        return document

    def __len__(self) -> int:
        return len(self._documents)

    def _prepare(self, text: str) -> PreparedDocument:
        document = _parse(text)
        # Before validation, some of whose rules a hostile document can make quadratic.
        costs = self._cost_rule.measure(document)
        errors = validate(
            self._core, document, _RULES, max_errors=ERRORS_MAX, hide_suggestions=self.hide_suggestions
        )
        if errors:
            raise InvalidDocument(errors)
        return PreparedDocument(
            {
                operation.name.value if operation.name else None: self._prepare_operation(
                    document, operation, cost
                )
                for operation, cost in costs.items()
            }
        )

    def _prepare_operation(
        self, document: DocumentNode, operation: OperationDefinitionNode, cost: Cost
    ) -> PreparedOperation:
        fields = _root_fields(document, operation)
        first_key, first_field = next(iter(fields.items()), (None, None))
        return PreparedOperation(
            name=operation.name.value if operation.name else None,
            is_mutation=operation.operation is OperationType.MUTATION,
            first_key=first_key,
            first_field=first_field,
            is_single=len(fields) == 1,
            signatures=signatures_of(self._core, operation),
            cost=cost,
            measure=partial(self._cost_rule.measure_with, document, operation)
            if cost.has_variable_pages
            else None,
            run=self._make_run(self._schema, document, operation, hide_suggestions=self.hide_suggestions),
        )


def _root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> dict[str, str]:
    """The names, by their response keys, of the fields that do something, in the order in which they run."""
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }

    def fields(selection_set: SelectionSetNode) -> Iterator[tuple[str, str]]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                if selection.name.value != "__typename":
                    yield (selection.alias or selection.name).value, selection.name.value
            elif isinstance(selection, FragmentSpreadNode):
                yield from fields(fragments[selection.name.value])
            elif isinstance(selection, InlineFragmentNode):
                yield from fields(selection.selection_set)

    # Of one key all fields have one name.
    return dict(fields(operation.selection_set))


def _parse(text: str) -> DocumentNode:
    try:
        document = parse(
            text,
            max_lexical_tokens=TOKENS_MAX,
            max_comments=COMMENTS_MAX,
            max_source_length=CHARACTERS_MAX,
        )
    except GraphQLSyntaxError as error:
        raise InvalidDocument([safe_syntax_error(error)]) from None
    if _NUL_ESCAPE.search(text) and _has_nul(document):
        raise Failure(FailureCode.BAD_USER_INPUT, "The document holds the character NUL (U+0000).")
    return document


def _has_nul(document: DocumentNode) -> bool:
    token = document.loc.start_token if document.loc else None
    while token:
        if token.kind in (TokenKind.STRING, TokenKind.BLOCK_STRING) and "\0" in (token.value or ""):
            return True
        token = token.next
    return False
