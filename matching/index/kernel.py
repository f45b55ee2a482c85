"""The loops that touch every posting, compiled by numba (cached, so that only the first start of all compiles).

Each function says what it computes; ``matching.index.reference`` says the same in numpy, and tests hold the two alike.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]
Ids = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

CHUNK = 128
"""Rows that are looked at together before any one of them is."""


@njit(cache=True, nogil=True)
def place_of(columns: Ids, column: int) -> int:
    """Where a column stands in an ascending array, or -1."""
    low, high = 0, len(columns)
    while low < high:
        middle = (low + high) >> 1
        if columns[middle] < column:
            low = middle + 1
        else:
            high = middle
    return low if low < len(columns) and columns[low] == column else -1


@njit(cache=True, nogil=True)
def chunk_maxima(sums: Weights, maxima: Weights) -> None:
    """The largest of each ``CHUNK`` of sums, which are not negative.

    Positive floats are ordered as their bits are, and whole numbers are compared in the processor's wide registers.
    """
    bits, largest = sums.view(np.int32), maxima.view(np.int32)
    whole = len(sums) // CHUNK
    for chunk in range(whole):
        part = bits[chunk * CHUNK : (chunk + 1) * CHUNK]
        most = np.int32(0)
        for at in range(CHUNK):
            most = max(most, part[at])
        largest[chunk] = most
    if whole < len(maxima):
        most = np.int32(0)
        for at in range(whole * CHUNK, len(sums)):
            most = max(most, bits[at])
        largest[whole] = most


@njit(cache=True, nogil=True)
def inserted(values: Weights, count: int, value: float) -> int:
    """Makes room for a value in descending ones, of which there are ``count``, after its equals; its place."""
    at = min(count, len(values) - 1)
    while at > 0 and values[at - 1] < value:
        values[at] = values[at - 1]
        at -= 1
    values[at] = value
    return at


@njit(cache=True, nogil=True)
def top_rows(
    asked: Places,
    weights: Weights,
    columns: Ids,
    starts: Ints,
    rows: Ids,
    values: Weights,
    sums: Weights,
    best_rows: Ints,
    best_sums: Weights,
) -> int:
    """The rows with the largest dot products above 0, best first, ties by row; how many there are.

    One pass accumulates the query's postings, one picks and leaves ``sums`` as it was.

    Args:
        asked: the query's columns.
        weights: the query's weights.
        columns: the columns in use, ascending.
        starts: where each column's postings begin, and the end.
        rows: the postings' rows.
        values: the postings' weights.
        sums: one a row, all 0.
        best_rows: out, room for as many rows as are wanted.
        best_sums: out, as long; what their sums are.
    """
    for at in range(len(asked)):
        place = place_of(columns, asked[at])
        if place >= 0:
            weight = weights[at]
            with_column = rows[starts[place] : starts[place + 1]]
            their_weights = values[starts[place] : starts[place + 1]]
            for posting in range(len(with_column)):
                sums[with_column[posting]] += weight * their_weights[posting]
    maxima = np.empty((len(sums) + CHUNK - 1) // CHUNK, dtype=np.float32)
    chunk_maxima(sums, maxima)
    count, limit = 0, len(best_rows)
    for chunk in range(len(maxima)):
        if maxima[chunk] > 0.0 and (count < limit or maxima[chunk] > best_sums[limit - 1]):
            inserted(best_sums, count, maxima[chunk])
            count = min(count + 1, limit)
    least = best_sums[limit - 1] if count == limit else np.float32(0.0)
    count = 0
    for chunk in range(len(maxima)):
        if maxima[chunk] < least or maxima[chunk] <= 0.0:
            continue
        for row in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(sums))):
            value = sums[row]
            if value >= least and value > 0.0 and (count < limit or value > best_sums[limit - 1]):
                at = inserted(best_sums, count, value)
                for place in range(min(count, limit - 1), at, -1):
                    best_rows[place] = best_rows[place - 1]
                best_rows[at] = row
                count = min(count + 1, limit)
    sums[:] = 0.0
    return count


@njit(cache=True, nogil=True)
def top_rows_of_each(
    query_starts: Ints,
    asked: Places,
    weights: Weights,
    columns: Ids,
    starts: Ints,
    rows: Ids,
    values: Weights,
    sums: Weights,
    best_rows: Ints,
    best_sums: Weights,
) -> None:
    """``top_rows`` of many queries: ``best_rows`` and ``best_sums`` are queries × limit, -1 and 0 where none is left."""
    for query in range(len(query_starts) - 1):
        begin, end = query_starts[query], query_starts[query + 1]
        count = top_rows(
            asked[begin:end],
            weights[begin:end],
            columns,
            starts,
            rows,
            values,
            sums,
            best_rows[query],
            best_sums[query],
        )
        best_rows[query, count:] = -1
        best_sums[query, count:] = 0.0


ROOM = 256
GRID = 2.0**40
"""Relevances lie on a grid of 2^-40, so that their sums do not depend on the order."""


@njit(cache=True, nogil=True)
def accumulate(
    places: Ints, weights: Floats, starts: Ints, rows: Ids, values: Weights, sums: Floats, touched: Ids
) -> int:
    """Adds one query's products to ``sums`` and notes the rows that were touched; how many there were.

    Args:
        places: the query's columns as places in ``starts``, -1 for one that has no postings.
        weights: the query's weights, all above 0.
        starts: where each column's postings begin, and the end.
        rows: the postings' rows.
        values: the postings' weights, all above 0.
        sums: one a row, all 0; holds the dot products afterwards.
        touched: room for every row.
    """
    count = 0
    for at in range(len(places)):
        place = places[at]
        weight = weights[at]
        if place < 0 or weight <= 0.0:
            continue
        for posting in range(starts[place], starts[place + 1]):
            row = rows[posting]
            before = sums[row]
            if before == 0.0:
                touched[count] = row
                count += 1
            sums[row] = before + weight * values[posting]
    return count


@njit(cache=True, nogil=True)
def best_pairs(
    query_starts: Ints,
    places: Ints,
    weights: Floats,
    fits: Floats,
    starts: Ints,
    rows: Ids,
    values: Weights,
    row_firms: Ids,
    row_kinds: npt.NDArray[np.uint8],
    row_valid: Bools,
    each_of_ours: bool,
    best: Floats,
    total: Floats,
    ours: Places,
    theirs: Places,
    fitting: float,
) -> tuple[Places, Places]:
    """The best pair of each firm between the queries and the rows, the sum of bests, and all pairs that fit.

    Args:
        query_starts: where each query's columns begin, and the end.
        places: columns as places in ``starts``, -1 without postings.
        weights: of the columns.
        fits: queries × kinds: what a product with a row of that kind counts.
        starts: where each column's postings begin, and the end.
        rows: the postings' rows.
        values: the postings' weights.
        row_firms: the firm of each row.
        row_kinds: the kind of each row.
        row_valid: whether a row may meet at all.
        each_of_ours: sum the best of each query by firm, otherwise the best of each row by firm.
        best: out, one a firm, 0 before.
        total: out, one a firm, 0 before.
        ours: out, the query of the best pair, -1 before.
        theirs: out, the row of the best pair, -1 before.
        fitting: least value of a pair that fits.

    Returns:
        The queries and the rows of the pairs that fit.
    """
    pair_queries, pair_rows = np.empty(ROOM, dtype=np.int32), np.empty(ROOM, dtype=np.int32)
    pair_count = 0
    size = len(row_firms)
    sums = np.zeros(size)
    touched = np.empty(size, dtype=np.uint32)
    row_best = np.zeros(size)
    seen = np.empty(size, dtype=np.uint32)
    seen_count = 0
    firm_best = np.zeros(len(best))
    firms = np.empty(min(size, len(best)), dtype=np.uint32)
    for query in range(len(query_starts) - 1):
        begin, end = query_starts[query], query_starts[query + 1]
        count = accumulate(places[begin:end], weights[begin:end], starts, rows, values, sums, touched)
        firm_count = 0
        for at in range(count):
            row = touched[at]
            value = sums[row]
            sums[row] = 0.0
            if not row_valid[row]:
                continue
            value = np.floor(value * fits[query, row_kinds[row]] * GRID + 0.5) / GRID
            if value <= 0.0:
                continue
            firm = row_firms[row]
            if value >= fitting:
                if pair_count == len(pair_rows):
                    pair_queries, pair_rows = _doubled(pair_queries), _doubled(pair_rows)
                pair_queries[pair_count], pair_rows[pair_count] = query, row
                pair_count += 1
            if row_best[row] == 0.0:
                seen[seen_count] = row
                seen_count += 1
            row_best[row] = max(row_best[row], value)
            if value > best[firm] or (
                value == best[firm] and _earlier(query, row, ours[firm], theirs[firm], each_of_ours)
            ):
                best[firm] = value
                ours[firm] = query
                theirs[firm] = row
            if each_of_ours:
                if firm_best[firm] == 0.0:
                    firms[firm_count] = firm
                    firm_count += 1
                firm_best[firm] = max(firm_best[firm], value)
        for at in range(firm_count):
            firm = firms[at]
            total[firm] += firm_best[firm]
            firm_best[firm] = 0.0
    if not each_of_ours:
        for at in range(seen_count):
            row = seen[at]
            total[row_firms[row]] += row_best[row]
    return pair_queries[:pair_count], pair_rows[:pair_count]


@njit(cache=True, nogil=True)
def _doubled(array: Places) -> Places:
    larger = np.empty(2 * len(array), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True)
def _earlier(query: int, row: int, other_query: int, other_row: int, query_first: bool) -> bool:
    """Whether a pair stands before another: by the need's place, then by the offer's, from whichever side one looks."""
    if query_first:
        return query < other_query or (query == other_query and row < other_row)
    return row < other_row or (row == other_row and query < other_query)


@njit(cache=True, nogil=True)
def dot_products(
    starts: Ints, columns: Places, weights: Floats, other_starts: Ints, other_columns: Places, other_weights: Weights
) -> Floats:
    """Dot products of two small sets of sparse rows with ascending columns."""
    products = np.zeros((len(starts) - 1, len(other_starts) - 1))
    for one in range(len(starts) - 1):
        for other in range(len(other_starts) - 1):
            at, to = starts[one], other_starts[other]
            total = 0.0
            while at < starts[one + 1] and to < other_starts[other + 1]:
                if columns[at] < other_columns[to]:
                    at += 1
                elif columns[at] > other_columns[to]:
                    to += 1
                else:
                    total += weights[at] * other_weights[to]
                    at += 1
                    to += 1
            products[one, other] = total
    return products
