# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The MLIR module of a case."""

import regions
from case import OUTS


def get_tensor_type(dims, dtype, dynamic):
    """`dims` are (size, letter) pairs; letters in `dynamic` become `?`."""
    sizes = ["?" if letter in dynamic else str(size) for size, letter in dims]
    return f"tensor<{'x'.join(sizes + [dtype])}>"


def format_structure_member(member):
    kind, *parameters = member
    if parameters and parameters[-1] == "top_left" and kind != "causal":
        parameters = parameters[:-1]
    text = ", ".join(str(parameter) for parameter in parameters)
    return f"#attn.{kind}<{text}>" if text else f"#attn.{kind}"


def format_structure(case):
    members = [format_structure_member(member) for member in case.structure]
    if len(members) == 1 and not case.nest_structure:
        return members[0]
    # Nested, to see that nesting means nothing. None at all keep everything.
    if case.nest_structure:
        members = [f"#attn.all_of<[{', '.join(members[:1])}]>"] + members[1:]
    return f"#attn.all_of<[{', '.join(members)}]>"


def get_element_types(case):
    types = {
        "query": case.dtype,
        "key": case.dtype,
        "value": case.dtype,
        "bias": case.bias_dtype or case.dtype,
        "mask": "i1",
        "sinks": case.sinks_dtype or case.compute_dtype,
        "query_documents": case.document_dtype,
        "key_documents": case.document_dtype,
        "key_lengths": case.key_lengths_dtype,
        "cu_seqlens_q": case.lengths_dtype,
        "cu_seqlens_k": case.lengths_dtype,
        "output": case.output_dtype,
        "lse": case.compute_dtype,
        "max_scores": case.compute_dtype,
    }
    return types


def get_arguments(case):
    """(name, element type, MLIR type) of each argument of the function."""
    types = case.get_types()
    elements = get_element_types(case)
    outs = [name for name in OUTS if name in types]
    arguments = [
        (name, elements[name], get_tensor_type(dims, elements[name], case.dynamic))
        for name, dims in types.items()
        if name not in outs
    ]
    if isinstance(case.scale, str):
        arguments.append(("scale", case.scale, case.scale))
    for name, (dtype, shape) in regions.get_captures(case).items():
        type_ = (
            dtype
            if shape is None
            else get_tensor_type(shape, dtype, case.dynamic)
        )
        arguments.append((name, dtype, type_))
    if case.outs == "argument":
        arguments += [
            (
                name,
                elements[name],
                get_tensor_type(types[name], elements[name], case.dynamic),
            )
            for name in outs
        ]
    return arguments


def emit_empty_outs(case, lines):
    """tensor.empty of each out, with sizes from the operands."""
    types = case.get_types()
    elements = get_element_types(case)
    for name in OUTS:
        if name not in types:
            continue
        sizes = []
        for d, (_, letter) in enumerate(types[name]):
            if letter not in case.dynamic:
                continue
            source = next(
                operand
                for operand in ("query", "key", "value")
                if types[operand][d][1] == letter
            )
            source_type = get_tensor_type(
                types[source], elements[source], case.dynamic
            )
            size = f"%{name}_size{d}"
            lines.append(f"  %{name}_dim{d} = arith.constant {d} : index")
            lines.append(
                f"  {size} = tensor.dim %{source}, %{name}_dim{d} : {source_type}"
            )
            sizes.append(size)
        type_ = get_tensor_type(types[name], elements[name], case.dynamic)
        lines.append(f"  %{name} = tensor.empty({', '.join(sizes)}) : {type_}")


def format_region(case, keyword, region, types):
    names = ["b", "c"][: len(case.batch)]
    names += ["n"] if case.lengths is not None else []
    names += ["h"] if case.heads else []
    names += ["i", "j"]
    substitutions = {name: f"%{name}_index" for name in names}
    substitutions.update(types)
    substitutions.update(s="%logit", t=case.compute_dtype)
    arguments = [f"%{name}_index: index" for name in names]
    if keyword == "score":
        arguments.insert(0, f"%logit: {case.compute_dtype}")
    body = region.body.format(**substitutions)
    return f"    {keyword}({', '.join(arguments)}) {{{body}\n    }}"


def emit_module(case, backend=None):
    """The text of a module with one function, `main`."""
    arguments = get_arguments(case)
    types = {name: type_ for name, _, type_ in arguments}
    lines = []
    if case.outs != "argument":
        emit_empty_outs(case, lines)
        dims = case.get_types()
        elements = get_element_types(case)
        for name in OUTS:
            if name in dims:
                types[name] = get_tensor_type(
                    dims[name], elements[name], case.dynamic
                )
    outs = [name for name in OUTS if name in types]
    out_types = ", ".join(types[name] for name in outs)

    def use(keyword, *names):
        values = ", ".join(f"%{name}" for name in names)
        value_types = ", ".join(types[name] for name in names)
        return f"    {keyword}({values} : {value_types})"

    lines.append(f"  %result:{len(outs)} = attn.sdpa")
    lines += [use(name, name) for name in ("query", "key", "value")]
    if isinstance(case.scale, str):
        lines.append(use("scale", "scale"))
    elif case.scale is not None:
        lines.append(f"    scale = {float(case.scale)!r}")
    if case.softcap is not None:
        lines.append(f"    softcap = {float(case.softcap)!r}")
    lines += [
        use(name, name) for name in ("bias", "mask", "sinks") if name in types
    ]
    if case.has_documents:
        lines.append(use("documents", "query_documents", "key_documents"))
    if case.key_lengths is not None:
        lines.append(use("key_lengths", "key_lengths"))
    if case.lengths is not None:
        lines.append(use("cu_seqlens", "cu_seqlens_q", "cu_seqlens_k"))
    if case.structure or case.nest_structure:
        lines.append(f"    structure({format_structure(case)})")
    if case.masked_row != "zero":
        lines.append(f"    masked_row = {case.masked_row}")
    if backend:
        lines.append(f"    backend = {backend}")
    if case.score:
        lines.append(
            format_region(case, "score", regions.SCORES[case.score], types)
        )
    if case.keep:
        lines.append(format_region(case, "keep", regions.KEEPS[case.keep], types))
    lines.append(use("outs", *outs) + f" -> {out_types}")
    results = ", ".join(f"%result#{n}" for n in range(len(outs)))
    lines.append(f"  return {results} : {out_types}")
    parameters = ", ".join(f"%{name}: {type_}" for name, _, type_ in arguments)
    return (
        f"func.func @main({parameters}) -> ({out_types}) {{\n"
        + "\n".join(lines)
        + "\n}\n"
    )
