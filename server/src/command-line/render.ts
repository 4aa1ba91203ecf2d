export async function render(_slide: string, _model: string, _options: unknown): Promise<void> {}
