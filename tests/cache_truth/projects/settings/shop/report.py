from string import Template

LINE = Template("$product: $total sold, next $weeks")
WIDTH = 60


def page(table, forecasts, title):
    lines = [title.center(WIDTH, "-")]
    for product, weeks in table.items():
        total = sum(weeks.values())
        ahead = ", ".join(f"{value:.1f}" for value in forecasts.get(product, ()))
        lines.append(LINE.substitute(product=product, total=round(total, 2), weeks=ahead or "nothing"))
    lines.append(f"{len(table)} products")
    return "\n".join(lines)
